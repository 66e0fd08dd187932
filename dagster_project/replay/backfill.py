"""Fill the daily tables of the live warehouse for past days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import duckdb

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.replay import snapshot
from dagster_project.replay.plan import Plan
from dagster_project.replay.run import replay
from dagster_project.tick import serving

WHAT = "a backfill"
WAIT_SECONDS = 3600.0

# By kind: the table, and the column with the name of the segment or score.
TABLES = {
    "segments": ("segments.membership_daily", "segment"),
    "scores": ("scores.daily", "score"),
}


def backfill(
    settings: Settings,
    plan: Plan,
    days: Sequence[date],
    on_day: Callable[[date], None] = lambda _: None,
) -> dict[str, int]:
    """Replay days, replace these days in the daily tables, and publish the tables.

    Each day is one transaction: a killed backfill can be repeated and gives the same rows. Rows of
    segments and scores outside the plan stay.

    The replay reads a copy of the warehouse; the live warehouse is held to copy it, and to write
    the rows.

    Returns:
        The number of rows written, by table.

    Raises:
        WarehouseBusyError: another process held the warehouse or the folder of replays too long.
        ClockError: a day has not ended.
        DbtError: a model failed.
    """
    with snapshot.take(settings, WHAT, WAIT_SECONDS) as live:
        result = live.parent / "backfill.duckdb"
        replay(settings, live, plan, days, result, on_day=on_day)
        with (
            warehouse.exclusive(settings.lock_path, WHAT, WAIT_SECONDS),
            warehouse.connect(settings.warehouse_path) as connection,
        ):
            return _write(settings, connection, plan, days, result)


def _write(
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    days: Sequence[date],
    result: Path,
) -> dict[str, int]:
    """Replace the days in the daily tables by those of the result, and publish the tables."""
    rows = dict.fromkeys((table for table, _ in TABLES.values()), 0)
    connection.execute("attach ? as result (read_only)", [str(result)])
    for day in days:
        connection.execute("begin")
        for kind, (table, column) in TABLES.items():
            names = list(plan.names[kind])
            if not names:
                continue
            scope = "" if plan.is_everything else f"and {column} in (select unnest($names))"
            bound = {"day": day} if plan.is_everything else {"day": day, "names": names}
            connection.execute(f"delete from {table} where day = $day {scope}", bound)  # noqa: S608
            [(written,)] = connection.execute(
                f"insert into {table} from result.{table} where day = $day",
                {"day": day},
            ).fetchall()
            rows[table] += written
        connection.execute("commit")
    connection.execute("detach result")
    serving.publish_backfilled(settings, connection)
    return rows
