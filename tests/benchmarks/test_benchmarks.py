"""The benchmarks run, each against something real; how fast is for `make bench` to say."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.__main__ import names

ROOT = Path(__file__).resolve().parents[2]


def test_every_benchmark_runs_and_compares_with_something_that_ran_too(tmp_path):
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"],
        cwd=ROOT,
        env={**os.environ, "SENDHOUSE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    results = json.loads((tmp_path / "benchmarks.json").read_text())
    assert len(results) >= len(names())
    for result in results:
        assert math.isfinite(result["ratio"]), result
        assert result["ratio"] > 0, result
        assert result["peak_mb"] > 0, result
        assert result["name"].strip() in finished.stdout


def test_a_benchmark_that_does_not_exist_is_named():
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks", "lnding"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 2
    assert "no benchmark lnding; there are: dispatch, history" in finished.stderr
