"""Warehouse and journal recognize each other by a mark in both.

The journal makes each send happen once, so a lost or foreign journal must stop every tick: an empty
journal knows no send of the last tick. The warehouse keeps the mark of its journal and the number
of the last change that it saw (`control.journal`). A journal with another mark, or with fewer
changes, is refused; `adoption.py` accepts it on request.

The warehouse notes the number before and after each batch of a dispatch. So a restored journal is
recognized as too old, except for the tries of one batch whose dispatcher was killed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
from sqlalchemy.exc import ArgumentError, DBAPIError

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings, SettingsError
from dagster_project.home.warehouse import JournalRefusedError
from senders.journal import Journal, State

_REMEDY = (
    "a tick could repeat sends: restore the journal, or run `sendhouse init --adopt-journal` to "
    "accept this journal and count each due send of the last tick as made"
)


@dataclass(frozen=True)
class Known:
    """What the warehouse knows of its journal.

    Attributes:
        mark: the mark of the journal; None before the first pairing.
        is_paired: whether the journal is known to have the mark.
        seen: the number of the last change that was seen.
        tries: the number of rows in raw.attempts.
        has_ticked: whether a tick has set the clock.
    """

    mark: str | None
    is_paired: bool
    seen: int
    tries: int
    has_ticked: bool


@contextmanager
def open_journal(settings: Settings) -> Iterator[Journal]:
    """Open the journal for the length of the block.

    Raises:
        SettingsError: the address is invalid.
        JournalRefusedError: the journal cannot be used, now or in the block.
    """
    try:
        journal = Journal(settings.journal_address)
    except (ArgumentError, ImportError) as error:
        raise SettingsError(
            f"invalid setting: journal_url: {error} (example: postgresql+psycopg://user@host/name)"
        ) from error
    try:
        yield journal
    except DBAPIError as error:
        [reason, *_] = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        raise JournalRefusedError(
            f"the journal {journal.address} cannot be used: {reason}: check `journal_url` and the "
            "server, or restore a backup of the journal"
        ) from error
    finally:
        journal.close()


def pair(settings: Settings) -> None:
    """Create the journal of a new installation, or check the journal of an existing one.

    Raises:
        JournalRefusedError: the journal is missing, foreign, incomplete or unreadable.
    """
    with (
        open_journal(settings) as journal,
        warehouse.connect(settings.warehouse_path) as connection,
    ):
        known, found = read_known(connection), journal.state()
        lacking = 0 if known.is_paired or found is None else journal.lacks(_tries(connection))
        problem = why_refused(known, found, lacking, is_own=settings.has_own_journal)
        if problem:
            raise refused(journal, problem)
        if known.is_paired:
            return
        # Two steps: a process that dies between them has offered a mark that no journal has.
        mark = (found and found.mark) or known.mark or secrets.token_hex(16)
        write(connection, mark, is_paired=False)
        journal.create(mark)
        write(connection, mark, is_paired=True)


def why_refused(known: Known, found: State | None, lacking: int, *, is_own: bool) -> str | None:
    """Say why a journal is not the journal of a warehouse; None if it is.

    Args:
        known: what the warehouse knows.
        found: the journal at the configured address; None if there is none.
        lacking: the number of tries in the warehouse that the journal does not have; needed only
            before the pairing.
        is_own: whether the journal is the file in the folder of the installation.
    """
    if known.is_paired:
        if found is None:
            return "is missing"
        if found.mark is None:
            return "is of an earlier version than the warehouse"
        if found.mark != known.mark:
            return "belongs to another installation"
        if found.changes < known.seen:
            return f"ends at change {found.changes}, but the warehouse has seen change {known.seen}"
        return None
    if found is None:
        return "is missing" if known.has_ticked or known.tries else None
    if lacking:
        return f"lacks {lacking} of the {known.tries} tries in raw.attempts"
    # Only the tries of a journal outside the folder show its owner.
    is_used = bool(found.tries) or found.mark not in (None, known.mark)
    if is_used and not (is_own or known.tries):
        return "belongs to another installation, or the warehouse is lost"
    return None


def require(connection: duckdb.DuckDBPyConnection, journal: Journal) -> State:
    """Check the journal again, and note its last change.

    Raises:
        JournalRefusedError: the journal is not the journal that `pair` accepted.
    """
    known, found = read_known(connection), journal.state()
    problem = why_refused(known, found, 0, is_own=False)
    if problem or found is None:
        raise refused(journal, problem or "is missing")
    connection.execute("update control.journal set seen = $seen", {"seen": found.changes})
    return found


def write(connection: duckdb.DuckDBPyConnection, mark: str, *, is_paired: bool) -> None:
    """Replace what the warehouse knows of its journal; the next load copies all tries."""
    connection.execute("begin")
    connection.execute("delete from control.journal")
    connection.execute(
        "insert into control.journal values ($mark, $is_paired, 0, 0)",
        {"mark": mark, "is_paired": is_paired},
    )
    connection.execute("commit")


def read_known(connection: duckdb.DuckDBPyConnection) -> Known:
    """Read what the warehouse knows of its journal."""
    [(tries,)] = connection.execute("select count(*) from raw.attempts").fetchall()
    has_ticked = warehouse.read_clock(connection) is not None
    paired = connection.execute("select mark, is_paired, seen from control.journal").fetchall()
    mark, is_paired, seen = paired[0] if paired else (None, False, 0)
    return Known(mark, is_paired, seen, tries, has_ticked)


def _tries(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    return connection.execute("select send_id, attempt from raw.attempts").fetchall()


def refused(journal: Journal, problem: str) -> JournalRefusedError:
    """The error for a problem of the journal."""
    return JournalRefusedError(f"the journal {journal.address} {problem}; {_REMEDY}")
