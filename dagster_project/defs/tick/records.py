"""Ticks outside Dagster as runs: stores their records, and forgets old runs.

`sendhouse tick` and `sendhouse run` do not import Dagster. They write a file per tick
(`tick/record.py`), and the sensor `tick_records` stores it.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation
from dagster._core.events import (
    DagsterEvent,
    DagsterEventType,
    EngineEventData,
    JobFailureData,
    RunFailureReason,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.execution.api import create_execution_plan
from dagster._core.execution.plan.objects import StepFailureData, StepSuccessData
from dagster._core.snap import create_execution_plan_snapshot_id, snapshot_from_execution_plan
from dagster._core.storage.tags import REPOSITORY_LABEL_TAG
from dagster_shared.error import SerializableErrorInfo

from dagster_project.defs import run_records
from dagster_project.defs.event_log import EventLog
from dagster_project.defs.models.assets import outcome
from dagster_project.home.settings import Settings, load_settings
from dagster_project.project.dbt import NodeResult
from dagster_project.tick import record as records
from dagster_project.tick.record import Record
from senders.processes import is_alive

logger = logging.getLogger(__name__)

JOB, STEP = "tick", "stages"
# One evaluation of the sensor; Dagster ends an evaluation after a minute.
_SECONDS = 20
_RUNS_FORGOTTEN_AT_ONCE = 500
_KILLED = "the process of the tick died; the next tick continues"


@dg.sensor(
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Shows the ticks of `sendhouse tick` and `sendhouse run` as runs of the job `tick`, and "
        "forgets old runs (schedule.keep_runs_days in sendhouse.toml)."
    ),
)
def tick_records(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Store the records of ticks, and forget old runs."""
    settings = load_settings()
    origin = context.code_location_origin
    location = f"{context.repository_name}@{origin.location_name}" if origin else None
    stored = store(context.instance, settings, location)
    forgotten = forget_old_runs(context.instance, settings)
    return dg.SkipReason(f"stored {stored} ticks, forgot {forgotten} old runs")


def store(instance: dg.DagsterInstance, settings: Settings, location: str | None = None) -> int:
    """Store the records of finished and killed ticks, the oldest first, for up to 20 seconds.

    Args:
        instance: Dagster's storage.
        settings: the installation.
        location: repository and code location of the job: the UI lists the runs below it.

    Returns:
        The number of new runs.
    """
    deadline = time.monotonic() + _SECONDS
    stored = 0
    for path in records.paths(settings):
        if time.monotonic() > deadline:
            break
        try:
            record = records.read(path)
        except FileNotFoundError:
            continue
        except (ValueError, TypeError, KeyError):
            logger.exception("unreadable record of a tick: %s", path)
            path.unlink()
            continue
        if record.ended is None and is_alive(record.process) is not False:
            continue  # the tick runs
        if not instance.has_run(record.run_id):
            _store(instance, record, _plan(instance), location)
            stored += 1
        path.unlink()
    return stored


def forget_old_runs(instance: dg.DagsterInstance, settings: Settings) -> int:
    """Delete finished runs after the time in the settings; a run with newest rows stays.

    Returns:
        The number of deleted runs.
    """
    schedule, now = settings.schedule, datetime.now(UTC)
    old: list[str] = []
    for status, days in (
        (dg.DagsterRunStatus.SUCCESS, schedule.keep_runs_days),
        (dg.DagsterRunStatus.FAILURE, schedule.keep_failed_runs_days),
        (dg.DagsterRunStatus.CANCELED, schedule.keep_failed_runs_days),
    ):
        before = dg.RunsFilter(statuses=[status], created_before=now - timedelta(days=days))
        found = instance.get_run_ids(before, limit=_RUNS_FORGOTTEN_AT_ONCE)
        old += found
    event_log = instance.event_log_storage
    if not old or not isinstance(event_log, EventLog):
        return 0
    kept = event_log.runs_with_newest_rows()
    forgotten = [run_id for run_id in old if run_id not in kept]
    event_log.forget(forgotten)
    for run_id in forgotten:
        instance.run_storage.delete_run(run_id)
        instance.compute_log_manager.delete_logs(prefix=[run_id])
    return len(forgotten)


@cache
def _shape() -> dg.JobDefinition:
    """The plan of a run that did not run in Dagster: one step that stands for all stages.

    Not a definition of this module, which Dagster would load as a second job of this name.
    """
    step = dg.OpDefinition(lambda: None, name=STEP, ins={}, outs={})
    return dg.GraphDefinition(JOB, node_defs=[step]).to_job()


def _plan(instance: dg.DagsterInstance) -> tuple[str, str]:
    """The ids of job and plan that the UI needs to draw a run; stores both if they are new."""
    storage, job = instance.run_storage, _shape().get_job_snapshot_id()
    plan = snapshot_from_execution_plan(create_execution_plan(_shape()), job)
    plan_id = create_execution_plan_snapshot_id(plan)
    if not storage.has_job_snapshot(job):
        storage.add_job_snapshot(_shape().get_job_snapshot())
    if not storage.has_execution_plan_snapshot(plan_id):
        storage.add_execution_plan_snapshot(plan)
    return job, plan_id


def _store(
    instance: dg.DagsterInstance, record: Record, plan: tuple[str, str], location: str | None
) -> None:
    """Write events, then the run: a process that dies between them stores the record again."""
    failed = _errors(record)
    run = dg.DagsterRun(
        job_name=JOB,
        run_id=record.run_id,
        status=dg.DagsterRunStatus.FAILURE if failed else dg.DagsterRunStatus.SUCCESS,
        job_snapshot_id=plan[0],
        execution_plan_snapshot_id=plan[1],
        tags=tags(record) | ({REPOSITORY_LABEL_TAG: location} if location else {}),
    )
    entries = [*_entries(record)]
    event_log = instance.event_log_storage
    if isinstance(event_log, EventLog):
        with event_log.batch():
            event_log.delete_events(record.run_id)
            for entry in entries:
                event_log.store_event(entry)
    instance.run_storage.add_historical_run(run, record.began)
    for entry in (entries[0], entries[-1]):  # the times that the UI shows
        event = entry.get_dagster_event()
        at = datetime.fromtimestamp(entry.timestamp, UTC)
        instance.run_storage.handle_run_event(record.run_id, event, at)


def tags(record: Record) -> dict[str, str]:
    """The tags of a run: who ran the tick, its clock, the rows landed, and the mail sent."""
    # The UI shows the tag `user` as who launched the run.
    found = {run_records.PROCESS_TAG: record.process, "user": record.by}
    if record.report is None:
        return found
    counts = {"rows": record.report["landed"]["rows"], **record.report["dispatched"]}
    return {
        **found,
        "sendhouse/clock": str(record.report["as_of"]),
        "sendhouse/rows_landed": str(counts["rows"]),
        "sendhouse/sent": str(counts.get("sent", 0)),
    }


def _entries(record: Record) -> Iterator[EventLogEntry]:
    """The events of a run: begin, what landed and ran, and the end."""
    began = record.began.timestamp()
    ended = record.ended.timestamp() if record.ended else began

    def entry(
        event: DagsterEventType,
        message: str,
        data: Any = None,  # noqa: ANN401 - each type of event has its own
        at: float = ended,
        step: str | None = STEP,
    ) -> EventLogEntry:
        return EventLogEntry(
            error_info=None,
            level=logging.INFO,
            user_message=message,
            run_id=record.run_id,
            timestamp=at,
            step_key=step,
            job_name=JOB,
            dagster_event=DagsterEvent(
                event.value, JOB, step_key=step, event_specific_data=data, message=message
            ),
        )

    yield entry(DagsterEventType.RUN_START, f"{record.by} began.", at=began, step=None)
    yield entry(DagsterEventType.STEP_START, "", at=began)
    if record.report is not None:
        text = {"report": dg.MetadataValue.md(f"```\n{json.dumps(record.report, indent=1)}\n```")}
        seconds = {f"seconds {stage}": round(spent, 3) for stage, spent in record.seconds.items()}
        lines = {"landed": dg.MetadataValue.json(record.files)} if record.files else {}
        data = EngineEventData(metadata={**seconds, **lines, **text})
        yield entry(DagsterEventType.ENGINE_EVENT, "The report of the tick.", data)
    for line in record.problems:
        yield entry(DagsterEventType.ENGINE_EVENT, line, EngineEventData(metadata={}))
    for node in record.nodes:
        yield from (entry(*event) for event in _of(node, record))
    errors = _errors(record)
    if not errors:
        yield entry(DagsterEventType.STEP_SUCCESS, "", StepSuccessData((ended - began) * 1000))
        yield entry(DagsterEventType.RUN_SUCCESS, f"{record.by} ended.", step=None)
        return
    message = "\n".join(errors)
    stack = record.trace.splitlines(keepends=True) if record.trace else []
    error = SerializableErrorInfo(message, stack, None)
    yield entry(DagsterEventType.STEP_FAILURE, message, StepFailureData(error, None))
    failure = JobFailureData(error, RunFailureReason.STEP_FAILURE)
    yield entry(DagsterEventType.RUN_FAILURE, message, failure, step=None)


def _errors(record: Record) -> list[str]:
    return [_KILLED] if record.report is None else record.report["errors"]


def _of(node: NodeResult, record: Record) -> Iterator[tuple[DagsterEventType, str, Any]]:
    """The event of a model or test that ran; none for a skipped one."""
    shown = outcome(node, record.rows)
    if isinstance(shown, dg.MaterializeResult) and shown.asset_key is not None:
        asset = dg.AssetMaterialization(shown.asset_key, metadata=shown.metadata)
        yield DagsterEventType.ASSET_MATERIALIZATION, "", StepMaterializationData(asset)
    elif isinstance(shown, dg.AssetCheckResult) and shown.asset_key and shown.check_name:
        evaluation = AssetCheckEvaluation(
            asset_key=shown.asset_key,
            check_name=shown.check_name,
            passed=shown.passed,
            severity=shown.severity,
            metadata=shown.metadata,
        )
        yield DagsterEventType.ASSET_CHECK_EVALUATION, node.message, evaluation
    elif node.status == "error":
        data = EngineEventData(metadata={"message": node.message})
        yield DagsterEventType.ENGINE_EVENT, f"{node.unique_id} failed: {node.message}", data
