"""The folders of landing import only downwards: fetch > store > shapes > formats."""

from __future__ import annotations

import re

import pytest

from dagster_project.home.settings import PROJECT_DIR

LANDING = PROJECT_DIR / "dagster_project" / "landing"
LAYERS = ["formats", "shapes", "store", "fetch"]


@pytest.mark.parametrize("layer", LAYERS)
def test_a_folder_imports_only_from_lower_folders(layer: str):
    higher = "|".join(LAYERS[LAYERS.index(layer) + 1 :]) or "(?!)"
    upward = re.compile(rf"^\s*from dagster_project\.landing\.(?:{higher})\b.*$", re.MULTILINE)

    assert {
        f"{path.name}: {line.strip()}"
        for path in (LANDING / layer).glob("*.py")
        for line in upward.findall(path.read_text(encoding="utf-8"))
    } == set()


def test_every_folder_of_landing_has_a_layer():
    folders = {path.parent.name for path in LANDING.glob("*/__init__.py")}

    assert folders == set(LAYERS)


def test_the_package_names_every_module():
    text = (LANDING / "__init__.py").read_text(encoding="utf-8").partition('"""')[2]
    description = text.partition('"""')[0]

    modules = {path.stem for layer in LAYERS for path in (LANDING / layer).glob("[a-z]*.py")}

    assert {name for name in modules if f"`{name}`" not in description} == set()
