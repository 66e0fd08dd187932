"""`python -m benchmarks`: which benchmarks exist, how sides are timed, and the report."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from types import SimpleNamespace

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import dispatch
from benchmarks._measure import Comparison, Result, Sample, Scale, call, command, measure, median


def test_every_benchmark_module_has_comparisons():
    names = ["dispatch", "formats", "history", "landing", "resident", "serving", "tick"]
    assert benchmarks.names() == names
    for name in benchmarks.names():
        assert callable(import_module(f"benchmarks.{name}").comparisons)


def test_an_unknown_benchmark_is_reported_with_the_available_names(capsys):
    with pytest.raises(SystemExit) as caught:
        benchmarks.main(["lnding"])
    assert caught.value.code == 2
    assert (
        "unknown benchmark lnding (available: dispatch, formats, history" in capsys.readouterr().err
    )


def test_the_two_sides_run_in_turn_and_the_medians_are_compared():
    turns = []
    seconds = {"ours": iter([9.0, 1.0, 2.0]), "peer": iter([4.0, 4.0, 1.0])}

    def side(name: str):
        turns.append(name)
        return Sample(next(seconds[name]), 10)

    comparison = Comparison("x", lambda: side("ours"), "y", lambda: side("peer"))
    result = measure(comparison, Scale(quick=False))

    assert turns == ["ours", "peer"] * 3
    assert (result.ours.seconds, result.peer.seconds, result.ratio) == (2.0, 4.0, 0.5)


def test_a_quick_run_measures_each_side_once():
    runs = []
    comparison = Comparison(
        "x", lambda: runs.append(1) or Sample(1, 1), "y", lambda: runs.append(2) or Sample(1, 1)
    )
    measure(comparison, Scale(quick=True))
    assert runs == [1, 2]
    assert (Scale(quick=True).of(100, 3), Scale(quick=False).of(100, 3)) == (3, 100)


def test_the_median_is_taken_of_seconds_memory_and_each_part():
    samples = [Sample(n, 10 * n, {"start-up": n / 2}) for n in (1, 5, 2)]
    assert median(samples) == Sample(2, 20, {"start-up": 1})


def test_a_function_is_timed_in_a_process_of_its_own(tmp_path):
    sample = call(dispatch.commit_all, sends=3, scratch=tmp_path)
    assert 0 < sample.seconds < 10
    assert sample.peak_mb > 1
    assert len(list(tmp_path.glob("journal-*.sqlite"))) == 1


def test_a_failing_program_is_reported_with_its_output():
    with pytest.raises(RuntimeError, match=r"ended with 3:\nout\n\nerr"):
        command("/bin/sh", "-c", "echo out; echo err >&2; exit 3")


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """A benchmark with fixed results, and a home for the report."""

    def comparisons(scale: Scale, scratch):
        assert scratch.is_dir()
        ours = Sample(3.0, 120.4, {"start-up": 1.25})
        yield Comparison("count sheep", lambda: ours, "count goats", lambda: Sample(2.0, 7))

    monkeypatch.setitem(sys.modules, "benchmarks.sheep", SimpleNamespace(comparisons=comparisons))
    monkeypatch.setattr(benchmarks, "names", lambda: ["sheep"])
    monkeypatch.setenv("SENDHOUSE_HOME", str(tmp_path))
    return tmp_path


def test_the_table_has_a_row_per_comparison_and_per_part(fake, capsys):
    benchmarks.main(["--quick"])
    shown = capsys.readouterr()
    rows = [" ".join(line.split()) for line in shown.out.splitlines()]
    assert rows[:3] == [
        "benchmark Sendhouse floor or peer ratio memory",
        "count sheep 3.00 s count goats 2.00 s 1.50 120 MB",
        "of which start-up 1.25 s",
    ]
    assert "count sheep: 1.50 x count goats" in shown.err


def test_the_results_are_written_as_json(fake, capsys):
    benchmarks.main(["sheep", "--quick"])
    path = fake / "benchmarks.json"
    assert f"also in {path}" in capsys.readouterr().out
    assert json.loads(path.read_text()) == [
        {
            "name": "count sheep",
            "seconds": 3.0,
            "parts": {"start-up": 1.25},
            "peak_mb": 120.4,
            "peer": "count goats",
            "peer_seconds": 2.0,
            "peer_peak_mb": 7,
            "ratio": 1.5,
        }
    ]


def test_the_ratio_is_sendhouse_to_its_peer():
    assert Result("x", "y", Sample(3, 1), Sample(2, 1)).ratio == 1.5
