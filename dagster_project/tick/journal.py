"""Copy the tries of the journal into `raw.attempts`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import polars as pl

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.home.warehouse import Clock
from dagster_project.tick import pairing
from dagster_project.tick.sender import make_sender
from senders.journal import Journal

_INSTANT = pl.Datetime("us", "UTC")
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "send_id": pl.String,
    "attempt": pl.Int32,
    "status": pl.String,
    "sender": pl.String,
    "message_id": pl.String,
    "provider_message_id": pl.String,
    "smtp_code": pl.Int32,
    "fault": pl.String,
    "detail": pl.String,
    "email_hash": pl.String,
    "started_at": _INSTANT,
    "finished_at": _INSTANT,
    "next_try_at": _INSTANT,
    "updated_at": _INSTANT,
}


@dataclass(frozen=True)
class Loaded:
    """The result of a load.

    Attributes:
        changed: number of new or changed tries.
        rows: number of tries in `raw.attempts`.
        settled: leftover tries of a dead dispatcher, counted by their new status.
    """

    changed: int
    rows: int
    settled: Counter[str]


def load(settings: Settings) -> Loaded:
    """Copy new and changed tries of the journal into `raw.attempts`.

    First settles the tries that a killed tick left as `attempting`: the models of this tick list
    such a send as unknown, or find the send due again.

    Runs in one transaction: after a crash, the next load copies the same tries.

    Raises:
        JournalRefusedError: the journal is not the journal of this warehouse, or lacks tries.
    """
    with (
        pairing.open_journal(settings) as journal,
        warehouse.connect(settings.warehouse_path) as connection,
    ):
        pairing.require(connection, journal)
        settled = _settle(journal, settings, warehouse.require_clock(connection))
        [(loaded,)] = connection.execute("select loaded from control.journal").fetchall()
        changed = journal.changed_since(loaded)
        changes = pl.DataFrame(
            [{name: row[name] for name in _SCHEMA} for row in changed.rows], schema=_SCHEMA
        )
        connection.register("changes", changes)
        connection.execute("begin")
        connection.execute(
            """delete from raw.attempts using changes
            where attempts.send_id = changes.send_id and attempts.attempt = changes.attempt"""
        )
        connection.execute("insert into raw.attempts by name select * from changes")
        connection.execute(
            "update control.journal set loaded = $changes, seen = $changes",
            {"changes": changed.state.changes},
        )
        rows = connection.table("raw.attempts").count("*").fetchall()[0][0]
        if rows != changed.state.tries:
            problem = f"has {changed.state.tries} tries, but the warehouse has {rows}"
            raise pairing.refused(journal, problem)
        connection.execute("commit")
    return Loaded(changed=changes.height, rows=rows, settled=settled)


def _settle(journal: Journal, settings: Settings, clock: Clock) -> Counter[str]:
    """Settle leftover tries at the clock.

    Creates the sender only if there are leftovers: otherwise an unconfigured sender would stop the
    tick before any decision.
    """
    if "attempting" not in journal.counts():
        return Counter()
    return journal.settle_leftovers(make_sender(settings), now=clock.as_of)
