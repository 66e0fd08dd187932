"""A tick without new input: the cost of the five-minute schedule when nothing happens."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import _company
from benchmarks._measure import Comparison, Sample, Scale, call, command

_BIN = Path(sys.executable).parent


def comparisons(scale: Scale, scratch: Path) -> Iterator[Comparison]:
    """Compare the whole command, with start-up, with dbt's command on the same models and tests."""
    home = _company.make(scratch, scale)
    if not scale.quick:
        _tick(home)  # sends the due sends
        _tick(home)  # and acts on them
    # dbt has a copy: after a build by dbt, a tick looks at every model again.
    copy = shutil.copytree(home, scratch / "copy")
    plain = ("--exclude-resource-type", "unit_test", "--quiet")
    target = ("--target-path", str(scratch / "target"), "--log-path", str(scratch / "log"))
    dbt = (str(_BIN / "dbt"), "build", *plain, *target)
    yield Comparison(
        "tick with nothing new",
        lambda: _tick(home),
        "dbt build of the same project",
        lambda: command(*dbt, SENDHOUSE_HOME=str(copy)),
    )
    yield Comparison(
        "the same in the resident process",
        lambda: call(tick_again, home=home),
        "dbt build of the same project",
        lambda: command(*dbt, SENDHOUSE_HOME=str(copy)),
    )


def tick_again(home: str) -> dict[str, float]:
    """Time the second tick of a process, with its record for Dagster."""
    from datetime import datetime

    from dagster_project.home.settings import load_settings
    from dagster_project.tick.recorded import recorded_tick

    settings = load_settings(home=Path(home))
    now = datetime.fromisoformat(_company.AS_OF)
    recorded_tick(settings, by="benchmark", as_of=now)
    started = time.perf_counter()
    report = recorded_tick(settings, by="benchmark", as_of=now)
    if report.errors:
        raise RuntimeError(report.errors)
    return {"seconds": time.perf_counter() - started}


def _tick(home: Path) -> Sample:
    """Run `sendhouse tick`; its report gives the time of the start-up."""
    with (home / "tick.json").open("w") as output:
        redirect = f'exec "$0" tick --json --as-of {_company.AS_OF} > {output.name}'
        sample = command(
            "/bin/sh", "-c", redirect, str(_BIN / "sendhouse"), SENDHOUSE_HOME=str(home)
        )
    report = json.loads(Path(output.name).read_text())
    start_up = report["total_seconds"] - report["seconds"]
    return Sample(sample.seconds, sample.peak_mb, {"start-up": start_up})
