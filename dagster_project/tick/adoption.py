"""Accept a journal after a loss: every send that can have been made counts as made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.tick import pairing
from dagster_project.tick.dispatch import read_queue
from senders.addresses import email_hash
from senders.journal import Journal, may_follow
from senders.message import message_id
from senders.model import Identity


def adopt(settings: Settings) -> int:
    """Accept the journal at the configured address, whatever its mark; no send is made twice.

    The tries of the warehouse go into the journal. The lost journal can have made each due send of
    the last queue, so each of them gets a try with the status `unknown`.

    Returns:
        The number of tries that became `unknown`; 0 if the journal was accepted already.

    Raises:
        JournalRefusedError: the journal cannot be used.
    """
    with (
        pairing.open_journal(settings) as journal,
        warehouse.connect(settings.warehouse_path) as connection,
    ):
        known, found = pairing.read_known(connection), journal.state()
        if known.is_paired and pairing.why_refused(known, found, 0, is_own=True) is None:
            return 0
        mark = str(journal.create().mark)
        journal.restore(connection.sql("select * from raw.attempts").pl().iter_rows(named=True))
        doubtful = [*_doubtful(connection, journal, settings)]
        journal.restore(doubtful)
        pairing.write(connection, mark, is_paired=True)
        pairing.require(connection, journal)
        return len(doubtful)


def _doubtful(
    connection: duckdb.DuckDBPyConnection, journal: Journal, settings: Settings
) -> Iterator[dict[str, Any]]:
    """An unknown try (columns of raw.attempts) for each send that the last tick could make."""
    clock = warehouse.read_clock(connection)
    if clock is None or not _has_queue(connection):
        return
    identity = Identity(**settings.identity.model_dump())
    tries = sorted(journal.changed_since().rows, key=lambda row: row["attempt"])
    last = {row["send_id"]: row for row in tries}
    for send in read_queue(connection):
        before = last.get(send.send_id)
        if before and not may_follow(before["status"], before["next_try_at"], clock.as_of):
            continue
        yield {
            "send_id": send.send_id,
            "attempt": before["attempt"] + 1 if before else 1,
            "status": "unknown",
            "sender": settings.delivery.sender,
            "message_id": message_id(send, identity),
            "email_hash": email_hash(send.email),
            "detail": "the journal was lost: the message can have been sent",
            "started_at": clock.as_of,
            "finished_at": clock.as_of,
        }


def _has_queue(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether a tick has built the send queue."""
    found = connection.execute(
        """select count(*) from information_schema.tables
        where (table_schema, table_name) = ('delivery', 'send_queue')"""
    ).fetchall()
    return found[0][0] > 0
