from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagster_project.project import scaffold

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kind", ["segment", "score", "trigger", "sequence"])
def test_starting_files_have_the_name_and_no_placeholders(tmp_path: Path, kind: str):
    written = scaffold.write(tmp_path, kind, "brand_new")

    for path in written:
        text = path.read_text(encoding="utf-8")
        assert "brand_new" in f"{path}{text}"
        assert "%" not in text.replace("{%", "").replace("%}", "")


@pytest.mark.parametrize("name", ["", "Loud", "two words", "../escape", "9lives", "a-b", "a.b"])
def test_an_invalid_model_name_writes_nothing(tmp_path: Path, name: str):
    with pytest.raises(scaffold.ScaffoldError, match="lowercase"):
        scaffold.write(tmp_path, "segment", name)

    assert list(tmp_path.iterdir()) == []


def test_existing_files_are_never_overwritten(tmp_path: Path):
    template = tmp_path / "templates/welcome_back/welcome.mjml"
    template.parent.mkdir(parents=True)
    template.write_text("mine", encoding="utf-8")

    with pytest.raises(scaffold.ScaffoldError, match=r"welcome\.mjml"):
        scaffold.write(tmp_path, "sequence", "welcome_back")

    assert template.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "models").exists()
