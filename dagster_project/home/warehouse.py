"""The warehouse, a DuckDB file: connect, lock, clock and parameters.

DuckDB allows one writing process. A process that writes takes the lock `exclusive` first, so a
second tick waits, or reports the holder of the lock, instead of failing half-way.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from dagster_project.home.sql import identifier, literal

SCHEMA_SQL = Path(__file__).with_name("schema.sql")
# Columns that earlier versions created under another name: schema, table, old name, new name.
_RENAMED_COLUMNS = (("decisions", "step_decisions", "step_decision_id", "send_id"),)

# Locks held by this process: a holder may take the same lock again in a nested block.
_held: set[Path] = set()


class WarehouseBusyError(Exception):
    """Another process holds the warehouse; the message names the process."""


class JournalRefusedError(Exception):
    """The journal is missing, foreign, incomplete or unreadable; the message has the remedy."""


class ClockError(Exception):
    """The requested instant is not allowed, or the clock is not set."""


@contextmanager
def connect(
    path: Path, *, read_only: bool = False, wait_seconds: float = 30
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for the length of the block. Instants are UTC.

    Args:
        path: the DuckDB file.
        read_only: whether to open the file for reading only.
        wait_seconds: how long to wait for a program that has the file open without the lock
            `exclusive` (example: a query tool).

    Raises:
        WarehouseBusyError: another process still has the file open after `wait_seconds`.
    """
    connection = _open(path, read_only, time.monotonic() + wait_seconds)
    try:
        connection.execute("set timezone = 'UTC'")
        yield connection
    finally:
        connection.close()


@contextmanager
def held_open(path: Path) -> Iterator[None]:
    """Keep the file open for the length of the block: each `connect` within is then cheap.

    Opening and closing DuckDB costs a third of a tick with nothing new. Before its first tick an
    installation has no file to open.
    """
    if not path.exists():
        yield
        return
    with connect(path):
        yield


def create(path: Path) -> None:
    """Create the warehouse and the tables that models do not create; safe to repeat.

    A warehouse of an earlier version keeps its rows and gets the column names of this version.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with connect(path) as connection:
        connection.execute(SCHEMA_SQL.read_text(encoding="utf-8"))
        for schema, table, old, new in _RENAMED_COLUMNS:
            _rename_column(connection, schema, table, old, new)
        _allow_null(connection, "raw", "events", "contact_key")


def _rename_column(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, old: str, new: str
) -> None:
    # `alter table … rename column` has no `if exists` (DuckDB 2.0).
    found = connection.execute(
        """select count(*) from duckdb_columns()
        where (schema_name, table_name, column_name) = (?, ?, ?)""",
        [schema, table, old],
    ).fetchall()
    if found[0][0]:
        connection.execute(f"alter table {schema}.{table} rename column {old} to {new}")


def _allow_null(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, column: str
) -> None:
    found = connection.execute(
        """select count(*) from duckdb_columns()
        where (schema_name, table_name, column_name) = (?, ?, ?) and not is_nullable""",
        [schema, table, column],
    ).fetchall()
    if found[0][0]:
        connection.execute(f"alter table {schema}.{table} alter column {column} drop not null")


def _open(path: Path, read_only: bool, deadline: float) -> duckdb.DuckDBPyConnection:
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only)
        except duckdb.IOException as error:
            if "lock" not in str(error).lower():
                raise
            if time.monotonic() >= deadline:
                raise WarehouseBusyError(
                    f"another program has the warehouse open; close that program: {error}"
                ) from error
        time.sleep(0.2)


@contextmanager
def exclusive(
    lock_path: Path,
    what: str,
    wait_seconds: float = 0,
    on_wait: Callable[[str], None] | None = None,
    *,
    resource: str = "the warehouse",
) -> Iterator[None]:
    """Hold the warehouse, or another resource, for the length of the block, across processes.

    The operating system's lock (`flock`) ends with the process, also after a crash. A process that
    holds the lock already passes.

    Args:
        lock_path: the lock file; its content describes the holder.
        what: the name of the holder in the message to a waiting process.
        wait_seconds: how long to wait for another holder.
        on_wait: called once with the message before the first wait.
        resource: the name of what the lock protects, for the message.

    Raises:
        WarehouseBusyError: another process still holds the lock after `wait_seconds`.
    """
    if lock_path in _held:
        yield
        return
    lock_path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_seconds
    is_reported = False
    with lock_path.open("a+", encoding="utf-8") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                message = f"{resource} is held by {_holder(lock_path)}"
                if on_wait is not None and not is_reported:
                    on_wait(message)
                    is_reported = True
                if time.monotonic() >= deadline:
                    raise WarehouseBusyError(message) from None
                time.sleep(0.1)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        handle.truncate(0)
        handle.write(json.dumps({"pid": os.getpid(), "what": what, "since": since}))
        handle.flush()
        _held.add(lock_path)
        try:
            yield
        finally:
            _held.discard(lock_path)


def _holder(lock_path: Path) -> str:
    try:
        held = json.loads(lock_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "another process"
    return f"{held['what']} (pid {held['pid']}, since {held['since']})"


@dataclass(frozen=True)
class Clock:
    """The row of `control.clock`.

    Attributes:
        as_of: the instant up to which facts count (UTC).
        is_simulated: whether a user set the instant; otherwise it is the machine's time.
    """

    as_of: datetime
    is_simulated: bool

    def now(self) -> datetime:
        """The time of actions outside the models (example: the start of a try to send)."""
        return self.as_of if self.is_simulated else datetime.now(UTC)

    def after(self) -> datetime:
        """The receipt time of data that lands between ticks: after the clock of the last tick."""
        return self.as_of + timedelta(microseconds=1) if self.is_simulated else datetime.now(UTC)


def require_forward(current: Clock | None, clock: Clock) -> None:
    """Refuse a clock before the current clock.

    Raises:
        ClockError: `clock` is before `current`.
    """
    if current is not None and clock.as_of < current.as_of:
        raise ClockError(
            f"the clock is at {current.as_of.isoformat()} and cannot go back to "
            f"{clock.as_of.isoformat()}: later decisions exist already"
        )


def set_clock(connection: duckdb.DuckDBPyConnection, clock: Clock) -> None:
    """Set `control.clock`, the only clock that models read.

    Raises:
        ClockError: `clock` is before the current clock.
    """
    require_forward(read_clock(connection), clock)
    connection.execute("begin")
    connection.execute("delete from control.clock")
    connection.execute("insert into control.clock values (?, ?)", [clock.as_of, clock.is_simulated])
    connection.execute("commit")


def read_clock(connection: duckdb.DuckDBPyConnection) -> Clock | None:
    """Read the clock; None before the first tick."""
    rows = connection.execute("select epoch_us(as_of), is_simulated from control.clock").fetchall()
    return Clock(instant(rows[0][0]), rows[0][1]) if rows else None


def require_clock(connection: duckdb.DuckDBPyConnection) -> Clock:
    """Read the clock.

    Raises:
        ClockError: no tick has set the clock.
    """
    clock = read_clock(connection)
    if clock is None:
        raise ClockError("the clock is not set: run `sendhouse tick` first")
    return clock


def instant(epoch_us: int) -> datetime:
    """Convert microseconds since the epoch (DuckDB's `epoch_us`) to a UTC datetime."""
    return datetime.fromtimestamp(epoch_us / 1_000_000, UTC)


def row_counts(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """Count rows by schema and table. Views are left out: a count would run their query."""
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where not internal"
    ).fetchall()
    counted = " union all ".join(
        f"""select {literal(schema)}, {literal(table)}, count(*)
        from {identifier(schema)}.{identifier(table)}"""  # noqa: S608 - quoted
        for schema, table in tables
    )
    rows = connection.execute(counted).fetchall() if tables else []
    return {(schema, table): count for schema, table, count in rows}


def set_example(connection: duckdb.DuckDBPyConnection, example: str) -> None:
    """Write the example that the installation runs, where a build of plain dbt reads it."""
    connection.execute("begin")
    connection.execute("delete from control.example")
    connection.execute("insert into control.example values (?)", [example])
    connection.execute("commit")


def set_parameters(connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, float]) -> None:
    """Replace `control.parameters` with the parameters of the settings."""
    connection.execute("begin")
    connection.execute("delete from control.parameters")
    if parameters:
        connection.executemany(
            "insert into control.parameters values (?, ?)", sorted(parameters.items())
        )
    connection.execute("commit")
