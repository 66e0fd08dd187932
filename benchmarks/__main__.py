"""`python -m benchmarks`: run benchmarks, print a table, write benchmarks.json."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from tempfile import TemporaryDirectory

from benchmarks._measure import ROOT, Result, Scale, measure


def names() -> list[str]:
    """List the benchmarks: the modules of this package without a leading underscore."""
    modules = (module.name for module in iter_modules([str(Path(__file__).parent)]))
    return sorted(name for name in modules if not name.startswith("_"))


def run(wanted: Sequence[str], scale: Scale) -> Iterator[Result]:
    """Run benchmarks one after the other; yield the medians of each comparison."""
    with TemporaryDirectory(prefix="sendhouse-benchmarks-") as scratch:
        for name in wanted:
            own = Path(scratch) / name
            own.mkdir()
            for comparison in import_module(f"benchmarks.{name}").comparisons(scale, own):
                yield measure(comparison, scale)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, run, report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(names())}; default: all")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="tiny sizes, one run each, to see that the benchmarks run",
    )
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - set(names())):
        parser.error(f"unknown benchmark {', '.join(unknown)} (available: {', '.join(names())})")
    results: list[Result] = []
    for result in run(options.names or names(), Scale(quick=options.quick)):
        print(f"{result.name}: {result.ratio:.2f} x {result.peer_name}", file=sys.stderr)
        results.append(result)
    path = ROOT / os.environ.get("SENDHOUSE_HOME", "var") / "benchmarks.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([_as_dict(result) for result in results], indent=2) + "\n")
    _print_table(results)
    print(f"\nalso in {path}")


def _as_dict(result: Result) -> dict[str, object]:
    return {
        "name": result.name,
        "seconds": result.ours.seconds,
        "parts": dict(result.ours.parts),
        "peak_mb": result.ours.peak_mb,
        "peer": result.peer_name,
        "peer_seconds": result.peer.seconds,
        "peer_peak_mb": result.peer.peak_mb,
        "ratio": result.ratio,
    }


def _print_table(results: Sequence[Result]) -> None:
    # Imported last: the memory of this process would count as the memory of its children.
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("benchmark", "Sendhouse", "floor or peer", "", "ratio", "memory"):
        right = heading not in ("benchmark", "floor or peer")
        table.add_column(heading, justify="right" if right else "left", no_wrap=True)
    for result in results:
        table.add_row(
            result.name,
            f"{result.ours.seconds:.2f} s",
            result.peer_name,
            f"{result.peer.seconds:.2f} s",
            f"{result.ratio:.2f}",
            f"{result.ours.peak_mb:,.0f} MB",
        )
        for part, seconds in result.ours.parts.items():
            table.add_row(f"  of which {part}", f"{seconds:.2f} s")
    Console(width=None if sys.stdout.isatty() else 120).print(table)


if __name__ == "__main__":
    main()
