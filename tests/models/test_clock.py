"""The only clock is one row: no model, macro or test reads the machine's time.

A model that reads `control.clock` runs at every tick, and so does what comes after it. The models
of facts, contacts and decisions therefore read `control.today` or `control.known`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from dagster_project.home import warehouse
from dagster_project.home.settings import PROJECT_DIR, load_settings
from dagster_project.home.warehouse import Clock
from dagster_project.project import dbt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

# The folders whose models may depend on the instant. Outside of them:
_OF_THE_INSTANT = {"segments", "scores", "triggers", "sequences", "broadcasts", "delivery"}
# the worth of points decays, and the age of a source grows.
_OTHERS_OF_THE_INSTANT = {"score_totals", "source_freshness"}
# The triggers that fire by the passing of time; the others read the clock to date a firing.
_TIMED_TRIGGERS = {"absence_trigger", "date_trigger", "inactivity_trigger"}

_MACHINE_CLOCK = re.compile(
    r"\b(?:(?:now|today|get_current_\w+|(?!make_)\w+_timestamp)\s*\("
    r"|current_(?:date|time|timestamp|local\w+)\b|local(?:time|timestamp)\b"
    r"|run_started_at\b|modules\.datetime\.\w+\.(?:utc)?now)",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    # A home of its own: the installation of this checkout may run no example.
    return dbt.manifest(load_settings(home=tmp_path_factory.mktemp("home")))


def _readers(manifest: Mapping[str, Any], relation: str) -> list[Mapping[str, Any]]:
    """The models that read a relation of `control` themselves."""
    source = f"source.sendhouse.control.{relation}"
    return [
        manifest["nodes"][name]
        for name in manifest["child_map"][source]
        if name.startswith("model.")
    ]


def _sources_of(manifest: Mapping[str, Any], names: Iterable[str]) -> set[str]:
    """The relations of `control` that models depend on, also through other models."""
    found: set[str] = set()
    waiting = [f"model.sendhouse.{name}" for name in names]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(manifest["parent_map"][node])
    prefix = "source.sendhouse.control."
    return {name.removeprefix(prefix) for name in found if name.startswith(prefix)}


def test_staging_models_and_decisions_read_what_is_known():
    files = [
        path
        for folder in ("staging", "decisions")
        for path in PROJECT_DIR.glob(f"models/{folder}/**/*.sql")
    ]
    reads = {path.name: path.read_text(encoding="utf-8") for path in files}
    assert not [name for name, sql in reads.items() if re.search(r"as_of\(\)|'clock'", sql)]
    assert sum("known_until()" in sql for sql in reads.values()) > 40


def test_only_rules_and_gates_depend_on_the_instant(manifest: Mapping[str, Any]):
    readers = _readers(manifest, "clock")
    assert {node["fqn"][1] for node in readers} >= _OF_THE_INSTANT
    others = {node["name"] for node in readers if node["fqn"][1] not in _OF_THE_INSTANT}
    assert others == _OTHERS_OF_THE_INSTANT


def test_only_triggers_that_fire_by_the_passing_of_time_depend_on_the_instant(
    manifest: Mapping[str, Any],
):
    timed = {f"macro.sendhouse.{name}" for name in _TIMED_TRIGGERS}
    triggers = [node for node in manifest["nodes"].values() if node["fqn"][1] == "triggers"]
    by_macro = {n["name"] for n in triggers if timed & {*n["depends_on"]["macros"]}}
    readers = {n["name"] for n in _readers(manifest, "clock") if n["fqn"][1] == "triggers"}
    assert readers == by_macro


def test_contacts_change_with_the_day_and_facts_with_what_is_known(manifest: Mapping[str, Any]):
    of_the_day = _sources_of(manifest, ["contact_features", "contact_consent", "refused_addresses"])
    assert "today" in of_the_day
    assert "clock" not in of_the_day
    facts = _sources_of(manifest, ["events", "engagement", "contact_keys", "open_sends"])
    assert "known" in facts
    assert not {"clock", "today"} & facts


def test_the_day_and_what_is_known_follow_the_clock(tmp_path: Path):
    path = tmp_path / "warehouse.duckdb"
    warehouse.create(path)
    for at in ("2026-03-01 23:59:59.999999+00:00", "2026-03-02 00:00:00+00:00"):
        as_of = datetime.fromisoformat(at)
        with warehouse.connect(path) as connection:
            warehouse.set_clock(connection, Clock(as_of, is_simulated=True))
            # Also where another time zone is set, as in a user's DuckDB.
            connection.execute("set timezone = 'Asia/Tokyo'")
            found = connection.execute("select day, as_of from control.today, control.known")
            assert found.fetchall() == [(as_of.date(), as_of)]


def test_no_model_or_macro_reads_the_machines_time():
    files = [
        path
        for folder in ("models", "dbt")
        for path in (PROJECT_DIR / folder).rglob("*")
        if path.suffix in (".sql", ".yml", ".py")
    ]
    assert len(files) > 100
    found = [
        f"{path.relative_to(PROJECT_DIR)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if _MACHINE_CLOCK.search(line)
    ]
    assert not found


@pytest.mark.parametrize(
    "sql",
    [
        "select now()",
        "NOW ()",
        "today()",
        "current_date - 7",
        "Current_Timestamp",
        "localtimestamp",
        "get_current_timestamp()",
        "transaction_timestamp()",
        "{{ run_started_at }}",
    ],
)
def test_each_way_to_read_the_machines_time_is_found(sql: str):
    assert _MACHINE_CLOCK.search(sql)
