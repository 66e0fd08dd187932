"""Time two sides in turn, each run in a separate process, and keep the medians.

A separate process has its own peak memory, and an earlier run's memory cannot help or hinder it.
The sides alternate because a machine's speed changes from minute to minute.
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
        seconds: the duration of the timed work.
        peak_mb: the peak resident memory of the process (MiB).
        parts: seconds of parts of the work, by name.

    """

    seconds: float
    peak_mb: float
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """Sendhouse against a floor or peer that does the same work and nothing else.

    Attributes:
        name: the work and its size.
        ours: runs Sendhouse once.
        peer_name: the floor (the least possible work) or the peer (the best known tool).
        peer: runs the floor or peer once.
        repeat: the number of runs of each side.

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
        """The time of Sendhouse as a multiple of the time of its floor or peer."""
        return self.ours.seconds / self.peer.seconds


@dataclass(frozen=True)
class Scale:
    """The sizes: full, or just large enough to see that a benchmark works."""

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
    """Take the median of seconds, of memory and of each part."""
    return Sample(
        statistics.median(sample.seconds for sample in samples),
        statistics.median(sample.peak_mb for sample in samples),
        {
            part: statistics.median(sample.parts[part] for sample in samples)
            for part in samples[0].parts
        },
    )


def call(function: Callable[..., Mapping[str, float]], **arguments: Any) -> Sample:  # noqa: ANN401
    """Call a function of a benchmark module in a separate process.

    The function returns `seconds`, because only the function knows its timed part, and the seconds
    of parts under other names. Arguments travel as JSON, paths as text.
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
    """Run a program; return its seconds, peak memory and output.

    Raises:
        RuntimeError: the program failed; the message contains its output.

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
