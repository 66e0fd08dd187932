"""Run the Dagster job `tick` in this process."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import dagster as dg

from dagster_project.defs import run_records
from dagster_project.home.settings import PROJECT_DIR, Settings
from dagster_project.tick import installation
from dagster_project.tick.clock import next_clock
from dagster_project.tick.report import Counts, NotDone, TickReport, report_since
from senders.dispatch import OUTCOMES

DISPATCH = dg.AssetKey(["delivery", "dispatch"])


def run_tick_job(
    settings: Settings, *, as_of: datetime | None, sender: str | None = None, send: bool = True
) -> TickReport:
    """Run the job `tick` and record the run for Dagster's UI. The caller holds the warehouse.

    Args:
        settings: the installation.
        as_of: the clock; see `tick.clock.next_clock`.
        sender: the sender to use instead of `delivery.sender`.
        send: whether to run the stage `dispatch`.

    Raises:
        ClockError: the instant is in the future, or before the last tick.
    """
    if sender is not None:
        os.environ["SENDHOUSE_DELIVERY__SENDER"] = sender
    prepare_dagster_home(settings)
    from dagster_project.definitions import defs

    installation.create(settings)
    job = defs.resolve_job_def("tick")
    started = time.monotonic()
    next_clock(settings, as_of)  # an invalid instant fails before Dagster records a run
    before = Counts.read(settings)
    with dg.DagsterInstance.get() as instance:
        run_records.fail_dead_runs(instance)
        result = job.execute_in_process(
            instance=instance,
            asset_selection=None
            if send
            else [*{*job.asset_layer.executable_asset_keys} - {DISPATCH}],
            run_config={
                "ops": {"control__clock": {"config": {"as_of": as_of and as_of.isoformat()}}},
                # The report lists the errors; Dagster's UI has the log and the stack trace.
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
            tags=run_records.process_tags(),
            raise_on_error=False,
        )
    metadata = _dispatched(result)
    undone: Any = metadata["not_done"].value if metadata else []
    return report_since(
        before,
        settings,
        dispatched={name: int(str(metadata[name].value)) for name in OUTCOMES} if metadata else {},
        undone=[NotDone(**one) for one in undone],
        seconds=time.monotonic() - started,
        errors=[*_errors(result)],
    )


def prepare_dagster_home(settings: Settings) -> None:
    """Set DAGSTER_HOME to `<home>/dagster` and copy the project's dagster.yaml there."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT_DIR / "dagster.yaml", settings.dagster_home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ["SENDHOUSE_HOME"] = str(settings.home)


def _dispatched(result: dg.ExecuteInProcessResult) -> Mapping[str, dg.MetadataValue[Any]]:
    """The metadata of the stage `dispatch`; empty without a dispatch."""
    for event in result.get_asset_materialization_events():
        if event.asset_key == DISPATCH:
            return event.materialization.metadata
    return {}


def _errors(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for event in result.all_events:
        if event.is_step_failure:
            error: Any = event.step_failure_data.error
            cause = error.cause or error
            yield f"{event.step_key}: {cause.message.strip().partition(': ')[2]}"
