"""The DuckDB file: open it, hold it alone, and set its clock.

DuckDB lets one process write. Whoever works on the warehouse takes `exclusive` first, so that a
second tick waits, or says who holds it, instead of failing half-way.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

SCHEMA_SQL = Path(__file__).with_name("schema.sql")


class WarehouseBusyError(Exception):
    """Another process holds the warehouse; the message says which."""


class ClockError(Exception):
    """The clock was asked to go backwards."""


@contextmanager
def connect(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse, work, close. Times come and go as UTC.

    Raises:
        WarehouseBusyError: another process has the file open.
    """
    try:
        connection = duckdb.connect(str(path), read_only=read_only)
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise WarehouseBusyError(f"another program has the warehouse open: {error}") from error
        raise
    try:
        connection.execute("set timezone = 'UTC'")
        yield connection
    finally:
        connection.close()


def create(path: Path) -> None:
    """Make the warehouse and the tables that exist before any model; safe to repeat."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with connect(path) as connection:
        connection.execute(SCHEMA_SQL.read_text(encoding="utf-8"))


@contextmanager
def exclusive(
    lock_path: Path,
    what: str,
    wait_seconds: float = 0,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold the warehouse for the length of the block, across processes.

    The lock is the operating system's (`flock`), so it ends with the process, however it ends.

    Args:
        lock_path: the lock file; its text says who holds it, for people.
        what: what the holder does, for the message that a second one sees.
        wait_seconds: how long to wait for another holder.
        on_wait: told once who is being waited for.

    Raises:
        WarehouseBusyError: still held after `wait_seconds`.
    """
    lock_path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_seconds
    told = False
    with lock_path.open("a+", encoding="utf-8") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = _holder(lock_path)
                if on_wait is not None and not told:
                    on_wait(holder)
                    told = True
                if time.monotonic() >= deadline:
                    raise WarehouseBusyError(f"the warehouse is held by {holder}") from None
                time.sleep(0.1)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        handle.truncate(0)
        handle.write(json.dumps({"pid": os.getpid(), "what": what, "since": since}))
        handle.flush()
        yield


def _holder(lock_path: Path) -> str:
    try:
        held = json.loads(lock_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "another process"
    return f"{held['what']} (pid {held['pid']}, since {held['since']})"


def set_clock(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    """Set `control.clock`, the only clock that models read. It never goes back.

    Args:
        connection: an open warehouse.
        as_of: the instant up to which facts count; needs a time zone.

    Raises:
        ClockError: `as_of` is before the instant that is already set.
    """
    current = read_clock(connection)
    if current is not None and as_of < current:
        raise ClockError(
            f"the clock stands at {current.isoformat()} and cannot go back to {as_of.isoformat()}: "
            "decisions made since would have come from the future"
        )
    connection.execute("begin")
    connection.execute("delete from control.clock")
    connection.execute("insert into control.clock values (?)", [as_of])
    connection.execute("commit")


def read_clock(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """The instant in `control.clock` (UTC), or None before the first tick."""
    row = connection.execute("select epoch_us(max(as_of)) from control.clock").fetchone()
    if row is None or row[0] is None:
        return None
    return datetime.fromtimestamp(row[0] / 1_000_000, UTC)


def set_parameters(
    connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, float]
) -> None:
    """Replace `control.parameters` with the numbers of the settings."""
    connection.execute("begin")
    connection.execute("delete from control.parameters")
    if parameters:
        connection.executemany(
            "insert into control.parameters values (?, ?)", sorted(parameters.items())
        )
    connection.execute("commit")
