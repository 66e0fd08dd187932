"""The definition of an incremental model changes with all code behind its rows."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from dagster_project.project import dbt, definitions
from tests.support.home import Home

if TYPE_CHECKING:
    pass


def _model(name: str, code: str, *depends_on: str, **config: Any) -> dict[str, Any]:
    return {
        "resource_type": "model",
        "package_name": "shop",
        "name": name,
        "schema": "activity",
        "alias": name,
        "raw_code": code,
        "config": {"materialized": "view", "meta": {}, **config},
        "depends_on": {
            "nodes": [name for name in depends_on if name.startswith("model.")],
            "macros": [name for name in depends_on if name.startswith("macro.")],
        },
    }


def _macro(name: str, code: str, package: str = "shop") -> dict[str, Any]:
    return {"package_name": package, "name": name, "macro_sql": code, "depends_on": {}}


MANIFEST: dict[str, Any] = {
    "nodes": {
        "model.staged": _model("staged", "select 1", "macro.read"),
        "model.chosen": _model("chosen", "decide", materialized="incremental", full_refresh=False),
        "model.days": _model(
            "days", "roll up", "model.staged", "macro.registry", materialized="incremental"
        ),
        "model.sorted": _model("sorted", "sort", "model.chosen", materialized="incremental"),
        "model.other": _model("other", "select 2"),
    },
    "macros": {
        "macro.read": _macro("read", "cast"),
        "macro.registry": _macro("registry", "a list"),
    },
}


def test_incremental_models_have_a_definition_and_decisions_have_none():
    assert set(definitions.hashes(MANIFEST, "")) == {"model.days", "model.sorted"}


@pytest.mark.parametrize(
    ("where", "name", "key", "changed"),
    [
        ("nodes", "model.days", "raw_code", {"days"}),
        ("nodes", "model.staged", "raw_code", {"days"}),
        ("macros", "macro.read", "macro_sql", {"days"}),
        ("macros", "macro.registry", "macro_sql", set()),
        ("nodes", "model.chosen", "raw_code", set()),
        ("nodes", "model.other", "raw_code", set()),
        ("nodes", "model.sorted", "raw_code", {"sorted"}),
    ],
)
def test_a_fingerprint_covers_the_model_and_its_upstream_models_and_macros(
    where: str, name: str, key: str, changed: set[str]
):
    edited = copy.deepcopy(MANIFEST)
    edited[where][name][key] = "something else"
    before, after = definitions.hashes(MANIFEST, ""), definitions.hashes(edited, "")
    assert {name.removeprefix("model.") for name in after if before[name] != after[name]} == changed


def test_the_project_file_is_part_of_every_fingerprint():
    before, after = definitions.hashes(MANIFEST, "vars: 1"), definitions.hashes(MANIFEST, "vars: 2")
    assert not {one.mark for one in before.values()} & {one.mark for one in after.values()}


@pytest.mark.parametrize(
    ("macro", "table"),
    [
        ("events_moved_on", "key_windows"),
        ("default__set_mark", "contact_totals"),
        ("keys_decided_since", "key_contacts"),
        ("crm_has_news", "contacts"),
        ("default__utc_midnight", "key_windows"),
    ],
)
def test_a_macro_called_only_by_incremental_builds_is_part_of_the_fingerprint(
    macro: str, table: str, tmp_path_factory: pytest.TempPathFactory
):
    """At parse time is_incremental() is false, so the manifest does not list such a macro."""
    home = Home(tmp_path_factory.getbasetemp() / "parsed")
    with home.settings() as settings:
        manifest = copy.deepcopy(dbt.manifest(settings))
    before = definitions.hashes(manifest, "")
    manifest["macros"][f"macro.sendhouse.{macro}"]["macro_sql"] += " "
    after = definitions.hashes(manifest, "")
    assert f"model.sendhouse.{table}" in {name for name in after if before[name] != after[name]}
