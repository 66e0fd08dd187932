"""A tick without new input: the cost of the five-minute schedule when nothing happens."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import _company
from benchmarks._measure import Comparison, Sample, Scale, command

_BIN = Path(sys.executable).parent


def comparisons(scale: Scale, scratch: Path) -> Iterator[Comparison]:
    """Compare the whole command, with start-up, with dbt's command on the same models and tests."""
    home = _company.make(scratch, scale)
    if not scale.quick:
        _tick(home)  # sends the due sends
    plain = ("--exclude-resource-type", "unit_test", "--quiet")
    target = ("--target-path", str(scratch / "target"), "--log-path", str(scratch / "log"))
    dbt = (str(_BIN / "dbt"), "build", *plain, *target)
    yield Comparison(
        "tick with nothing new",
        lambda: _tick(home),
        "dbt build of the same project",
        lambda: command(*dbt, SENDHOUSE_HOME=str(home)),
    )


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
