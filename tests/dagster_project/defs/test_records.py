"""Ticks outside Dagster are runs in its storage: what ran, what failed, and what was killed."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from dagster_project.defs.event_log import EventLog
from dagster_project.home import dagster_home
from dagster_project.home.settings import Settings, load_settings
from dagster_project.project import dbt
from dagster_project.project.dbt import NodeResult
from dagster_project.tick import record as records
from dagster_project.tick.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime.now(UTC)
SILENT = dg.AssetKey(["segments", "silent"])


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SENDHOUSE_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", "")
    settings = load_settings()
    dagster_home.prepare(settings)
    return settings


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        yield instance


def written(
    settings: Settings, *nodes: NodeResult, began: datetime = NOW, errors: tuple[str, ...] = ()
) -> Record:
    """The record of a tick that has ended."""
    record = records.begin(settings, "sendhouse tick")
    records.path_of(settings, record).unlink()
    record.began, record.ended = began, began + timedelta(seconds=2)
    record.report = {
        "as_of": began.isoformat(),
        "landed": {"rows": 7},
        "dispatched": {"sent": 3},
        "errors": list(errors),
    }
    record.nodes, record.rows = list(nodes), {"segments.silent": 40}
    records.write(settings, record)
    return record


def stored(instance: dg.DagsterInstance, settings: Settings) -> int:
    from dagster_project.defs.tick.records import store

    return store(instance, settings)


def test_a_tick_is_a_run_with_tags_rows_and_checks_of_what_ran(
    instance: dg.DagsterInstance, settings: Settings
):
    nodes = dbt.manifest(settings)["nodes"]
    test = next(id_ for id_ in nodes if id_.startswith("test.") and "_silent_" in id_)
    record = written(
        settings,
        NodeResult("model.sendhouse.silent", "success", 0.1, "OK", 0),
        NodeResult(test, "fail", 0.1, "Got 2 results", 2),
    )

    assert stored(instance, settings) == 1

    assert not records.paths(settings)
    run = instance.get_run_record_by_id(record.run_id)
    assert run is not None
    assert run.dagster_run.status == dg.DagsterRunStatus.SUCCESS
    assert (run.start_time, run.end_time) == (NOW.timestamp(), NOW.timestamp() + 2)
    assert run.dagster_run.tags.items() >= {
        ("user", "sendhouse tick"),
        ("sendhouse/clock", NOW.isoformat()),
        ("sendhouse/rows_landed", "7"),
        ("sendhouse/sent", "3"),
    }
    event = instance.get_latest_materialization_event(SILENT)
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["dagster/row_count"].value == 40
    [check] = instance.all_logs(record.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    assert check.dagster_event is not None
    assert check.dagster_event.asset_check_evaluation_data.asset_key == SILENT
    assert not check.dagster_event.asset_check_evaluation_data.passed


def test_a_tick_in_which_nothing_ran_is_five_events(
    instance: dg.DagsterInstance, settings: Settings
):
    record = written(settings)

    stored(instance, settings)

    assert len(instance.all_logs(record.run_id)) == 5


def test_a_failed_tick_is_a_failed_run_with_its_message(
    instance: dg.DagsterInstance, settings: Settings
):
    record = written(settings, errors=("decide: column x does not exist",))

    stored(instance, settings)

    run = instance.get_run_by_id(record.run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert "column x does not exist" in str(instance.all_logs(record.run_id)[-1])


def test_a_killed_tick_is_a_failed_run_and_a_tick_under_way_is_left(
    instance: dg.DagsterInstance, settings: Settings
):
    program = (
        "from dagster_project.home.settings import load_settings\n"
        "from dagster_project.tick import record\n"
        "print(record.begin(load_settings(), 'sendhouse run').run_id)"
    )
    dead = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    alive = records.begin(settings, "sendhouse run")

    assert stored(instance, settings) == 1

    run = instance.get_run_by_id(dead.stdout.strip())
    assert run is not None
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert records.paths(settings) == [records.path_of(settings, alive)]


def test_a_record_that_was_stored_before_a_crash_is_stored_once(
    instance: dg.DagsterInstance, settings: Settings
):
    record = written(settings)
    stored(instance, settings)
    records.write(settings, record)

    assert stored(instance, settings) == 0
    assert len(instance.all_logs(record.run_id)) == 5


def test_old_runs_are_forgotten_except_the_newest_of_an_asset(
    instance: dg.DagsterInstance, settings: Settings
):
    from dagster_project.defs.tick.records import forget_old_runs

    built = NodeResult("model.sendhouse.silent", "success", 0.1, "OK", 0)
    old, older = NOW - timedelta(days=31), NOW - timedelta(days=32)
    before = written(settings, built, began=older)
    newest = written(settings, built, began=old)
    idle = written(settings, began=old)
    failed = written(settings, began=old, errors=("dispatch: no",))
    recent = written(settings)
    stored(instance, settings)

    assert forget_old_runs(instance, settings) == 2

    left = {run.run_id for run in instance.get_runs()}
    assert left == {newest.run_id, failed.run_id, recent.run_id}
    assert not instance.all_logs(before.run_id)
    assert not instance.all_logs(idle.run_id)
    assert instance.get_latest_materialization_event(SILENT) is not None


def test_a_record_that_nobody_reads_is_deleted_in_time(settings: Settings):
    written(settings, began=NOW - timedelta(days=settings.schedule.keep_failed_runs_days, hours=1))

    fresh = records.begin(settings, "sendhouse tick")

    assert records.paths(settings) == [records.path_of(settings, fresh)]


def test_the_history_of_an_earlier_version_stays(settings: Settings):
    """Dagster's own storage had a file per run, and one for the events of assets."""
    (settings.dagster_home / "dagster.yaml").write_text("", encoding="utf-8")
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as earlier:
        earlier.report_runless_asset_event(dg.AssetMaterialization(SILENT))
    dagster_home.prepare(settings)

    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        assert isinstance(instance.event_log_storage, EventLog)
        assert instance.get_latest_materialization_event(SILENT) is not None
    assert not (settings.dagster_home / "history" / "runs").exists()
