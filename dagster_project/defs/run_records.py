"""Dagster's run records: tag runs with their process, and fail runs whose process died."""

from __future__ import annotations

import time

import dagster as dg

from senders.processes import is_alive, this_process

PROCESS_TAG = "sendhouse/process"
# A started run without a process tag counts as dead after this time; loading takes less.
_UNTAGGED_SECONDS = 600

_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def process_tags() -> dict[str, str]:
    """Return the tag with the process of a run."""
    return {PROCESS_TAG: this_process()}


def fail_dead_runs(instance: dg.DagsterInstance) -> None:
    """Fail runs whose process died, and free their pool slots.

    Dagster cannot detect a dead process: the run would block other runs for a day.
    """
    for record in instance.get_run_records(dg.RunsFilter(statuses=_UNFINISHED)):
        run = record.dagster_run
        process = run.tags.get(PROCESS_TAG)
        if process is None:
            age = time.time() - record.create_timestamp.timestamp()
            is_dead = run.status == dg.DagsterRunStatus.STARTED and age > _UNTAGGED_SECONDS
        else:
            is_dead = is_alive(process) is False
        if is_dead:
            instance.report_run_failed(run, "the process died; the next tick continues")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def is_under_way(instance: dg.DagsterInstance, job_name: str) -> bool:
    """Whether a run of the job is running or queued."""
    fail_dead_runs(instance)
    waiting = dg.RunsFilter(job_name=job_name, statuses=[dg.DagsterRunStatus.QUEUED, *_UNFINISHED])
    return bool(instance.get_run_records(waiting, limit=1))
