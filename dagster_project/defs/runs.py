"""Dagster's record of runs, kept true: who runs a tick, and which runs are dead."""

from __future__ import annotations

import time

import dagster as dg

from senders.processes import is_alive, this_process

PROCESS_TAG = "sendhouse/process"
# Between its start and its tag a run's process loads the project; no longer than this.
_UNTAGGED_SECONDS = 600

_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def process_tags() -> dict[str, str]:
    """The tag that says which process a run lives in."""
    return {PROCESS_TAG: this_process()}


def bury_dead(instance: dg.DagsterInstance) -> None:
    """Mark runs whose process died as failed, and free what they held.

    Dagster itself cannot tell: they would be shown as running, and keep others waiting, for a day.
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
            instance.report_run_failed(run, "the process died; the next tick carries on")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def is_under_way(instance: dg.DagsterInstance, job_name: str) -> bool:
    """Whether a run of the job is going on or waits its turn: another would only queue up."""
    bury_dead(instance)
    waiting = dg.RunsFilter(job_name=job_name, statuses=[dg.DagsterRunStatus.QUEUED, *_UNFINISHED])
    return bool(instance.get_run_records(waiting, limit=1))
