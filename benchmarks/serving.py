"""Publishing the tables for BI, against a DuckDB copy of the whole warehouse."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import _company
from benchmarks._measure import Comparison, Scale, call


def comparisons(scale: Scale, scratch: Path) -> Iterator[Comparison]:
    """Compare the published tables as DuckDB and Parquet with every table as DuckDB."""
    home = _company.make(scratch, scale)
    yield Comparison(
        "publish for BI (DuckDB and Parquet)",
        lambda: call(publish, home=home),
        "copy from database, all of it",
        lambda: call(copy_database, home=home),
        repeat=5,
    )


def publish(home: str) -> dict[str, float]:
    """Publish like a tick."""
    from dagster_project.home.settings import load_settings
    from dagster_project.tick.serving import publish

    settings = load_settings(home=Path(home))
    started = time.perf_counter()
    published = publish(settings)
    seconds = time.perf_counter() - started
    if not published.rows:
        raise RuntimeError("no table was published")
    return {"seconds": seconds}


def copy_database(home: str) -> dict[str, float]:
    """Copy the warehouse with one statement."""
    from dagster_project.home import warehouse

    copy = Path(home) / f"copy-{time.time_ns()}.duckdb"
    with warehouse.connect(Path(home) / "warehouse.duckdb") as connection:
        started = time.perf_counter()
        connection.execute(f"attach '{copy}' as copied")
        connection.execute("copy from database warehouse to copied")
        connection.execute("detach copied")
        seconds = time.perf_counter() - started
    copy.unlink()
    return {"seconds": seconds}
