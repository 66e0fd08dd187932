"""A kept model is rebuilt when its code changes."""

from __future__ import annotations

import copy
import os
import subprocess
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings
from dagster_project.project import dbt, kept
from dagster_project.tick import installation
from tests.support.home import COMMANDS, Home
from tests.support.project_copy import ProjectCopy

if TYPE_CHECKING:
    from pathlib import Path


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
        "model.sorted": _model("sorted", "sort", "model.chosen", meta={"kept_until": ["crm"]}),
        "model.other": _model("other", "select 2"),
    },
    "macros": {
        "macro.read": _macro("read", "cast"),
        "macro.registry": _macro("registry", "a list"),
    },
}


def test_incremental_models_and_models_with_kept_until_are_kept_and_decisions_are_not():
    assert set(kept.fingerprints(MANIFEST, "")) == {("activity", "days"), ("activity", "sorted")}


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
    before, after = kept.fingerprints(MANIFEST, ""), kept.fingerprints(edited, "")
    assert {table for (_, table), mark in after.items() if before["activity", table] != mark} == (
        changed
    )


def test_the_project_file_is_part_of_every_fingerprint():
    before, after = kept.fingerprints(MANIFEST, "vars: 1"), kept.fingerprints(MANIFEST, "vars: 2")
    assert not set(before.values()) & set(after.values())


def test_only_tables_with_another_fingerprint_are_dropped(tmp_path: Path):
    path = tmp_path / "warehouse.duckdb"
    warehouse.create(path)
    with warehouse.connect(path) as connection:
        connection.execute("create schema activity")
        for table in ("days", "sorted", "strange"):
            connection.execute(f"create table activity.{table} as select 1 as one")
    marks = {("activity", "days"): "a", ("activity", "sorted"): "b"}

    # Tables without a stored fingerprint may be outdated.
    assert set(_forget(path, marks)) == {"activity.days", "activity.sorted"}
    with warehouse.connect(path) as connection:
        for table in ("days", "sorted"):
            connection.execute(f"create table activity.{table} as select 1 as one")
        connection.execute("insert into control.kept_tables values ('reader', 'its inputs')")
    assert _forget(path, marks) == []
    assert _remembered(path) == 1
    assert _forget(path, {**marks, ("activity", "sorted"): "c"}) == ["activity.sorted"]
    assert _remembered(path) == 0
    with warehouse.connect(path, read_only=True) as connection:
        left = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'activity' order by all"
        ).fetchall()
    assert left == [("days",), ("strange",)]


def _forget(path: Path, marks: dict[tuple[str, str], str]) -> list[str]:
    with warehouse.connect(path) as connection:
        return kept.forget_changed(connection, marks)


def _remembered(path: Path) -> int:
    with warehouse.connect(path, read_only=True) as connection:
        [(rows,)] = connection.execute("select count(*) from control.kept_tables").fetchall()
    return rows


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
    before = kept.fingerprints(manifest, "")
    manifest["macros"][f"macro.sendhouse.{macro}"]["macro_sql"] += " "
    after = kept.fingerprints(manifest, "")
    assert table in {name for (schema, name), mark in after.items() if before[schema, name] != mark}


def test_views_stay_until_the_project_or_the_columns_of_a_table_change(tmp_path: Path):
    project = ProjectCopy(tmp_path / "project", is_lean=True)
    settings = load_settings(home=tmp_path / "home", project_dir=project.folder)
    installation.create(settings)
    views = {"stg_files", "stg_rejects"}

    def build() -> set[str]:
        """Build the views; return the rebuilt views."""
        rebuilt: set[str] = set()

        def note(statement: dbt.Statement) -> None:
            if "create view" in statement.sql:
                rebuilt.add(statement.unique_id.split(".")[-1])

        dbt.raise_for(dbt.build(settings, [*views], with_tests=False, on_statement=note))
        return rebuilt

    assert build() == views
    assert build() == set()

    # A build by plain dbt may have used other options.
    plain = [COMMANDS / "dbt", "build", "-s", "stg_files", "--exclude-resource-type", "unit_test"]
    folders = ["--project-dir", project.folder, "--profiles-dir", project.folder]
    environment = os.environ | {"SENDHOUSE_HOME": str(settings.home)}
    subprocess.run([*plain, *folders], env=environment, check=True, capture_output=True)
    assert build() == {"stg_files"}

    with warehouse.connect(settings.warehouse_path) as connection:
        connection.execute("drop view staging.stg_files")
    assert build() == {"stg_files"}

    # An existing `select *` lacks the new column.
    with warehouse.connect(settings.warehouse_path) as connection:
        connection.execute("alter table raw.rejects add column seen_by varchar")
    assert build() == views
    with project.edited(("models/staging/landing/stg_files.sql", "with", "with -- files")):
        assert build() == views


def test_all_views_stand_if_each_view_exists_and_has_the_mark_of_the_project():
    views = {name: _model(name, "select 1") | {"schema": "main"} for name in ("a", "b")}
    with duckdb.connect() as connection:
        connection.execute("create schema control")
        connection.execute("create table control.kept_tables (model varchar, made_from varchar)")
        connection.execute("create table numbers as select 1 as n")
        before = kept.project_mark(connection, "files")
        assert kept.is_new_mark(connection, before)

        connection.execute("create view a as select * from numbers")
        connection.execute(
            "insert into control.kept_tables values ('a', $mark), ('b', $mark)",
            {"mark": f"project {before}; sql 1"},
        )
        assert not kept.is_new_mark(connection, before)
        assert not kept.views_stand(connection, {"nodes": views}, before), "no view b"
        connection.execute("create view b as select * from numbers")
        assert kept.views_stand(connection, {"nodes": views}, before)
        assert not kept.views_stand(connection, {"nodes": views}, "another mark")

        connection.execute("alter table numbers add column m integer")
        after = kept.project_mark(connection, "files")
        assert not kept.views_stand(connection, {"nodes": views}, after)
        kept.renew_mark(connection, before, "files")
        assert kept.views_stand(connection, {"nodes": views}, after)
        assert connection.execute("select made_from from control.kept_tables").fetchall() == [
            (f"project {after}; sql 1",),
            (f"project {after}; sql 1",),
        ]
