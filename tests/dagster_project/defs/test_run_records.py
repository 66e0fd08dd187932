"""A run whose process died does not block the next tick."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from dagster_project.defs import run_records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dg.op
def nothing() -> None:
    """Do nothing."""


@dg.job
def tick() -> None:
    """Replace the job `tick` in run records."""
    nothing()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as temporary:
        yield temporary


def tags_of_a_dead_process() -> dict[str, str]:
    program = (
        "from dagster_project.defs.run_records import process_tags; print(*process_tags().values())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return {run_records.PROCESS_TAG: printed.stdout.strip()}


def start(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus, tags: dict[str, str]
) -> dg.DagsterRun:
    return instance.create_run_for_job(tick, status=status, tags=tags)


@pytest.mark.parametrize(
    "status",
    [
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
    ],
)
def test_a_run_whose_process_died_fails_and_no_longer_blocks_the_job(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus
):
    dead = start(instance, status, tags_of_a_dead_process())

    assert not run_records.is_under_way(instance, "tick")

    found = instance.get_run_by_id(dead.run_id)
    assert found is not None
    assert found.status == dg.DagsterRunStatus.FAILURE


@pytest.mark.parametrize(
    "tags", [run_records.process_tags(), {}], ids=["this process", "no tag yet"]
)
def test_a_run_of_a_living_process_or_without_a_tag_yet_is_under_way(
    instance: dg.DagsterInstance, tags: dict[str, str]
):
    alive = start(instance, dg.DagsterRunStatus.STARTED, tags)

    assert run_records.is_under_way(instance, "tick")
    assert not run_records.is_under_way(instance, "audit")

    found = instance.get_run_by_id(alive.run_id)
    assert found is not None
    assert found.status == dg.DagsterRunStatus.STARTED
