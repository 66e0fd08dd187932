"""The journal's tries, copied into `raw.attempts`."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from dagster_project import warehouse
from dagster_project.settings import Settings
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
    "started_at": _INSTANT,
    "finished_at": _INSTANT,
    "next_try_at": _INSTANT,
    "updated_at": _INSTANT,
}


@dataclass(frozen=True)
class Loaded:
    """What a load did: tries that came anew or changed, and tries there are now."""

    changed: int
    rows: int


def load(settings: Settings) -> Loaded:
    """Bring `raw.attempts` up to date with the journal; only what changed is read.

    One transaction: a crash leaves the tries as they were, and the next load brings them all.
    """
    journal = Journal(settings.journal_address)
    try:
        with warehouse.connect(settings.warehouse_path) as connection:
            [(newest,)] = connection.execute(
                "select epoch_us(max(updated_at)) from raw.attempts"
            ).fetchall()
            since = None if newest is None else warehouse.instant(newest)
            changes = pl.DataFrame(
                [{name: row[name] for name in _SCHEMA} for row in journal.changed_since(since)],
                schema=_SCHEMA,
            )
            connection.register("changes", changes)
            connection.execute("begin")
            connection.execute(
                """delete from raw.attempts using changes
                where attempts.send_id = changes.send_id and attempts.attempt = changes.attempt"""
            )
            connection.execute("insert into raw.attempts by name select * from changes")
            connection.execute("commit")
            rows = connection.table("raw.attempts").count("*").fetchall()[0][0]
    finally:
        journal.close()
    return Loaded(changed=changes.height, rows=rows)
