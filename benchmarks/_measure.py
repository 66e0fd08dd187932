"""Time two things in turn, each run in a process of its own, and keep the medians.

A process of its own, because its peak memory is then its alone, and nothing that an earlier run
left in memory helps or hinders it. In turn, because the machine's mood changes by the minute.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Sample:
    """One run.

    Attributes:
        seconds: how long what was to be timed took.
        peak_mb: the most memory that its process held (MiB, resident).
        parts: seconds of parts of it, by name.

    """

    seconds: float
    peak_mb: float
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """What Sendhouse does, against something that does it with nothing around it.

    Attributes:
        name: what is done, and how much of it.
        ours: runs Sendhouse once.
        peer_name: the floor (what cannot be saved) or the peer (the best known tool).
        peer: runs that once.
        repeat: how often each.

    """

    name: str
    ours: Callable[[], Sample]
    peer_name: str
    peer: Callable[[], Sample]
    repeat: int = 3


@dataclass(frozen=True)
class Result:
    """Medians of a comparison."""

    name: str
    peer_name: str
    ours: Sample
    peer: Sample

    @property
    def ratio(self) -> float:
        """How many times as long as its floor or peer Sendhouse takes."""
        return self.ours.seconds / self.peer.seconds


@dataclass(frozen=True)
class Scale:
    """How much of everything: all of it, or just enough to see that a benchmark works."""

    quick: bool

    def of(self, full: int, quick: int) -> int:
        """Choose a size."""
        return quick if self.quick else full


def measure(comparison: Comparison, scale: Scale) -> Result:
    """Run both sides of a comparison in turn."""
    ours: list[Sample] = []
    peer: list[Sample] = []
    for _ in range(scale.of(comparison.repeat, 1)):
        ours.append(comparison.ours())
        peer.append(comparison.peer())
    return Result(comparison.name, comparison.peer_name, median(ours), median(peer))


def median(samples: Sequence[Sample]) -> Sample:
    """Of seconds, of memory and of each part."""
    return Sample(
        statistics.median(sample.seconds for sample in samples),
        statistics.median(sample.peak_mb for sample in samples),
        {
            part: statistics.median(sample.parts[part] for sample in samples)
            for part in samples[0].parts
        },
    )


def call(function: Callable[..., Mapping[str, float]], **arguments: Any) -> Sample:  # noqa: ANN401
    """Call a function of a benchmark module in a process of its own.

    The function returns `seconds`, since only it knows what of its work is to be timed, and the
    seconds of parts under other names. Arguments travel as JSON; paths as text.
    """
    argv = [sys.executable, "-m", "benchmarks._child", function.__module__, function.__name__]
    _, peak_mb, output = _run([*argv, json.dumps(arguments, default=str)])
    measured = json.loads(output.splitlines()[-1])
    return Sample(measured.pop("seconds"), peak_mb, measured)


def command(*argv: str, **environment: str) -> Sample:
    """Time the whole life of a program."""
    seconds, peak_mb, _ = _run(argv, environment)
    return Sample(seconds, peak_mb)


def _run(
    argv: Sequence[str], environment: Mapping[str, str] | None = None
) -> tuple[float, float, str]:
    """Run a program: seconds, peak memory and what it printed.

    Raises:
        RuntimeError: it failed; holds what it said.

    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            argv, cwd=ROOT, env={**os.environ, **(environment or {})}, stdout=output, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        if process.returncode != 0:
            errors.seek(0)
            said = f"{output.read()}\n{errors.read()}".strip()
            raise RuntimeError(f"{' '.join(argv)} ended with {process.returncode}:\n{said}")
        # Linux counts in KiB, macOS in bytes.
        peak = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
        return seconds, peak, output.read()
