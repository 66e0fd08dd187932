"""Fetches the rows of a PostgreSQL query: all rows, or the rows that are new by a cursor column.

A fetch continues from the position in the names of existing and landed files:
`<query>-<number>-<rows at the position>-<position>.jsonl`. The numbers prove that no file is
missing.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from itertools import count, groupby
from typing import IO, TYPE_CHECKING, Any, LiteralString, cast
from urllib.parse import quote, unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from dagster_project.home.sql import identifier
from dagster_project.landing.errors import FetchError
from dagster_project.landing.fetch.atomic_file import atomic_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from dagster_project.landing.shapes.kinds import Kind

_CONNECTION_OPTIONS: dict[str, Any] = {
    "application_name": "sendhouse",
    "client_encoding": "utf8",
    "connect_timeout": 10,
    # A dead connection is detected within a minute, not after hours.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
_ROWS_AT_A_TIME = 500
_INSTANTS = ("date", "timestamp", "timestamptz")
_NAME = re.compile(r"([0-9a-f]{16})-(\d{6,})-([0-9a-f]{16})-(.+)\.jsonl")
_LONGEST_POSITION = 150
"""Limit for the position in a file name; file systems allow 255 bytes."""

# SQLSTATE classes about the query or the connection. Other messages may quote the rows.
_SAFE_TO_SHOW = ("08", "25", "28", "3D", "42", "53", "57")


@dataclass(frozen=True)
class _Position:
    """How far the files of one query reach."""

    number: int
    """The number of the last file."""
    digest: str
    """A hash of the rows whose cursor is `value`."""
    value: str
    """The greatest cursor value, as PostgreSQL writes it."""

    def file_name(self, query: str) -> str:
        """Name the file that ends at this position."""
        value = quote(self.value, safe=" :+")
        if len(value) > _LONGEST_POSITION:
            raise FetchError(
                f"the cursor is longer than {_LONGEST_POSITION} characters: use a time or a number"
            )
        return f"{query}-{self.number:06}-{self.digest}-{value}.jsonl"


def fetch(kind: Kind, folder: Path, known: Collection[str]) -> Iterator[Path]:
    """Write the new rows to a file of JSON lines.

    With a cursor column, new rows start at the last position. Rows at that position are included:
    another transaction may commit a row with the same cursor after the fetch. Unchanged rows at
    that position are left out. Without a cursor, the file holds the whole result, unless the
    result is known.

    For CRM objects every value is text, as PostgreSQL writes it in JSON: no value is converted.

    Args:
        kind: the source.
        folder: the target folder.
        known: names of the files in the folder and of all landed files.

    Yields:
        The file, if there are new rows.

    Raises:
        FetchError: the server is unreachable, closed the connection or refused the query; or the
            cursor would miss rows. The folder is unchanged.

    """
    with atomic_file(folder) as file:
        try:
            with _connect(kind) as connection, connection.transaction():
                # Override the settings of the server and of the role.
                connection.execute("set local timezone = 'UTC'")
                connection.execute("set local datestyle = 'ISO, YMD'")
                connection.execute("set local extra_float_digits = 1")
                name = _write(connection, kind, known, file.handle)
        except psycopg.Error as error:
            raise FetchError(
                f"PostgreSQL: {_described(error)}: check the query and {_variable(kind)}; this "
                "fetch landed nothing, the next tick repeats it"
            ) from error
        if name is not None and name not in known:
            yield file.keep_as(name)


def _variable(kind: Kind) -> str:
    return kind.source.url_env or f"SENDHOUSE_SOURCE_{kind.name.upper()}_URL"


def _connect(kind: Kind) -> psycopg.Connection[Any]:
    variable = _variable(kind)
    url = os.environ.get(variable)
    if not url:
        raise FetchError(
            f"missing environment variable: set {variable} to the address of the database, for "
            "example postgresql://user:password@host/database"
        )
    try:
        address = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # psycopg's message would show the address with the password.
        raise FetchError(
            f"invalid environment variable: {variable} is not a PostgreSQL address (example: "
            "postgresql://user:password@host/database)"
        ) from None
    defaults = {key: value for key, value in _CONNECTION_OPTIONS.items() if key not in address}
    connection = psycopg.connect(url, **defaults)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    return connection


def _write(
    connection: psycopg.Connection[Any], kind: Kind, known: Collection[str], handle: IO[bytes]
) -> str | None:
    """Write the new rows and return the file name, None if there are no new rows."""
    types = _columns(connection, kind)
    query = _fingerprint(kind)
    last = None if kind.source.cursor is None else _last(query, known)
    statement = _statement(kind, types, resumes=last is not None)
    # A raw cursor: in the user's SQL, % is an operator.
    with psycopg.RawServerCursor(connection, "sendhouse") as rows:
        rows.itersize = _ROWS_AT_A_TIME
        rows.execute(_sql(statement), [last.value] if last else None)
        if kind.source.cursor is None:
            return _write_all(rows, query, handle)
        return _write_new(rows, query, last, handle)


def _write_all(rows: Iterator[tuple[Any, ...]], query: str, handle: IO[bytes]) -> str | None:
    digest = hashlib.sha256()
    for line, _, _ in rows:
        content = line.encode() + b"\n"
        digest.update(content)
        handle.write(content)
    return f"{query}-{digest.hexdigest()[:32]}.jsonl" if handle.tell() else None


def _write_new(
    rows: Iterator[tuple[Any, ...]], query: str, last: _Position | None, handle: IO[bytes]
) -> str | None:
    position = None
    for value, shared in groupby(rows, key=_cursor):
        digest = hashlib.sha256()
        for line, _, is_unfit in shared:
            if is_unfit:
                raise FetchError(
                    f"a row has the cursor {value or 'null'}, and later changes would be missed: "
                    "cast the cursor, or exclude these rows in the query"
                )
            content = line.encode() + b"\n"
            digest.update(content)
            handle.write(content)
        position = _Position(last.number + 1 if last else 1, digest.hexdigest()[:16], value)
        if last is not None and (value, position.digest) == (last.value, last.digest):
            handle.seek(0)  # the rows at the last position are unchanged
            handle.truncate()
    return position.file_name(query) if position is not None and handle.tell() else None


def _cursor(row: tuple[Any, ...]) -> str:
    return row[1]


def _last(query: str, known: Collection[str]) -> _Position | None:
    """Find the position up to which the files of a query have no gap."""
    found: dict[int, _Position] = {}
    for name in sorted(known):
        match = _NAME.fullmatch(name)
        if match and match[1] == query:
            found[int(match[2])] = _Position(int(match[2]), match[3], unquote(match[4]))
    for number in count(1):
        if number not in found:
            return found.get(number - 1)
    return None


def _fingerprint(kind: Kind) -> str:
    """Identify a query: a changed query starts without a position."""
    identity = f"{kind.table}\n{kind.source.cursor}\n{kind.source.query}"
    return hashlib.sha256(identity.encode()).hexdigest()[:16]


def _columns(connection: psycopg.Connection[Any], kind: Kind) -> dict[str, str]:
    """Return the query's columns with their types; require the columns that the source names."""
    with psycopg.RawCursor(connection) as described:
        no_rows = f"select * from ({_query(kind)}) as source limit 0"  # noqa: S608 - as below
        described.execute(_sql(no_rows))
        columns = described.description or []
    names = [column.name for column in columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FetchError(f"the query returns a column name twice: {', '.join(twice)}: use an alias")
    wanted = {*kind.source.columns.values(), *filter(None, [kind.source.cursor])}
    if kind.source.received_at.startswith("column:"):
        wanted.add(kind.source.received_at.removeprefix("column:"))
    lacking = sorted(wanted - set(names))
    if lacking:
        raise FetchError(
            f"the source in sendhouse.toml names columns that the query does not return: "
            f"{', '.join(lacking)}; the query returns {', '.join(names)}"
        )
    return {column.name: column.type_display.partition("(")[0] for column in columns}


def _statement(kind: Kind, types: dict[str, str], *, resumes: bool) -> str:
    """Write the SELECT of (row as a JSON line, cursor as text, whether the cursor is unusable)."""
    values = "source.*"
    if kind.shape == "crm":
        names = map(identifier, types)
        values = ", ".join(f"to_json(source.{name}) #>> '{{}}' as {name}" for name in names)
    cursor, is_unfit, where, order = "null", "false", "", "line"
    if kind.source.cursor is not None:
        column = f"source.{identifier(kind.source.cursor)}"
        cursor, order = f"{column}::text", f"{column}, line"
        # No later row would exceed such a position, so all later changes would be missed.
        is_unfit = f"{column} is null or {column}::text in ('NaN', 'Infinity', 'infinity')"
        if types[kind.source.cursor] in _INSTANTS:
            is_unfit += f" or {column} > now() + interval '1 day'"
        if resumes:
            where = f"where {column} >= $1 or {column} is null"
    # A total order: a repeated fetch writes the same file.
    return f"""
        select to_jsonb(given)::text collate "C" as line, {cursor}, {is_unfit}
        from ({_query(kind)}) as source cross join lateral (select {values}) as given
        {where} order by {order}"""  # noqa: S608 - names are quoted; the query is the user's own


def _query(kind: Kind) -> str:
    """Return the user's SQL unchanged, without a final semicolon. It may end in a comment."""
    return f"\n{(kind.source.query or '').strip().rstrip(';')}\n"


def _sql(statement: str) -> LiteralString:
    """Mark a composed statement as SQL for psycopg's types."""
    return cast("LiteralString", statement)


def _described(error: psycopg.Error) -> str:
    if error.sqlstate is None or error.sqlstate.startswith(_SAFE_TO_SHOW):
        return str(error).partition("\n")[0] or type(error).__name__
    return f"{type(error).__name__} ({error.sqlstate})"
