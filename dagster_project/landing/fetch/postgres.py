"""A query's rows in PostgreSQL: all of them, or those that a cursor column says are new.

Where a fetch goes on is read from the names of the files that are there or have landed:
`<query>-<number>-<rows at the position>-<position>.jsonl`. The numbers say that none is missing.
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

_CONNECTING: dict[str, Any] = {
    "application_name": "sendhouse",
    "client_encoding": "utf8",
    "connect_timeout": 10,
    # A server that vanished without a word is noticed in a minute, not in hours.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
_ROWS_AT_A_TIME = 500
_INSTANTS = ("date", "timestamp", "timestamptz")
_NAME = re.compile(r"([0-9a-f]{16})-(\d{6,})-([0-9a-f]{16})-(.+)\.jsonl")
_LONGEST_POSITION = 150
"""In a file's name, of which file systems take 255 bytes."""

# What says how to mend the query or the connection; other messages may quote the rows.
_TELLABLE = ("08", "25", "28", "3D", "42", "53", "57")


@dataclass(frozen=True)
class _Position:
    """How far the files of one query reach."""

    number: int
    """Of the last file."""
    digest: str
    """Of the rows whose cursor is `value`."""
    value: str
    """The greatest cursor, as PostgreSQL writes it."""

    def file_name(self, query: str) -> str:
        """Name the file that ends here."""
        value = quote(self.value, safe=" :+")
        if len(value) > _LONGEST_POSITION:
            raise FetchError(
                f"the cursor is longer than {_LONGEST_POSITION} characters: take a time or a number"
            )
        return f"{query}-{self.number:06}-{self.digest}-{value}.jsonl"


def fetch(kind: Kind, folder: Path, known: Collection[str]) -> Iterator[Path]:
    """Write the rows that are new to a file of JSON lines.

    With a cursor column these are the rows from the last position on, those at the position too: of
    rows that share a cursor, some may be committed after the others were fetched. While the rows at
    the position stay the same they are left out. Without a cursor it is the whole result, unless
    that has been seen.

    For CRM objects every value is text, as PostgreSQL writes it in JSON: nothing is read as
    something else on the way.

    Args:
        kind: the source.
        folder: where to.
        known: names of files that are in the folder, or have been and have landed.

    Yields:
        The file, if there is anything new.

    Raises:
        FetchError: the server cannot be reached, went away or refused the query; or the query's
            rows cannot be fetched without some being missed. Nothing is in the folder then.

    """
    with atomic_file(folder) as file:
        try:
            with _connect(kind) as connection, connection.transaction():
                # Whatever the server's and the role's settings are.
                connection.execute("set local timezone = 'UTC'")
                connection.execute("set local datestyle = 'ISO, YMD'")
                connection.execute("set local extra_float_digits = 1")
                name = _write(connection, kind, known, file.handle)
        except psycopg.Error as error:
            raise FetchError(
                f"PostgreSQL: {_told(error)}: look at the query and at {_variable(kind)}; nothing "
                "of this fetch landed, the next tick does it again"
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
            f"missing setting: {variable} (environment) is the address of its PostgreSQL: "
            "postgresql://user:password@host/database"
        )
    try:
        address = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # Its message would show the address, password and all.
        raise FetchError(
            f"wrong setting: {variable} (environment) is not an address such as "
            "postgresql://user:password@host/database"
        ) from None
    ours = {key: value for key, value in _CONNECTING.items() if key not in address}
    connection = psycopg.connect(url, **ours)
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    return connection


def _write(
    connection: psycopg.Connection[Any], kind: Kind, known: Collection[str], handle: IO[bytes]
) -> str | None:
    """Write the new rows; returns the name of the file that they are, None if there are none."""
    types = _columns(connection, kind)
    query = _fingerprint(kind)
    last = None if kind.source.cursor is None else _last(query, known)
    statement = _statement(kind, types, resumes=last is not None)
    # Raw: in the user's own SQL a % is an operator.
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
                    f"a row's cursor is {value or 'null'}, after which changes would be missed: "
                    "cast it, or leave such rows out of the query"
                )
            content = line.encode() + b"\n"
            digest.update(content)
            handle.write(content)
        position = _Position(last.number + 1 if last else 1, digest.hexdigest()[:16], value)
        if last is not None and (value, position.digest) == (last.value, last.digest):
            handle.seek(0)  # the rows at the last position are those that came before
            handle.truncate()
    return position.file_name(query) if position is not None and handle.tell() else None


def _cursor(row: tuple[Any, ...]) -> str:
    return row[1]


def _last(query: str, known: Collection[str]) -> _Position | None:
    """Find how far the files of a query reach without a gap."""
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
    """Tell queries apart: a position means nothing to another one, which starts from its first."""
    told = f"{kind.table}\n{kind.source.cursor}\n{kind.source.query}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _columns(connection: psycopg.Connection[Any], kind: Kind) -> dict[str, str]:
    """Ask for the query's columns and their types, and see that what is named is among them."""
    with psycopg.RawCursor(connection) as described:
        nothing = f"select * from ({_query(kind)}) as source limit 0"  # noqa: S608 - as below
        described.execute(_sql(nothing))
        columns = described.description or []
    names = [column.name for column in columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FetchError(f"the query gives two columns {', '.join(twice)}: name them apart")
    wanted = {*kind.source.columns.values(), *filter(None, [kind.source.cursor])}
    if kind.source.received_at.startswith("column:"):
        wanted.add(kind.source.received_at.removeprefix("column:"))
    lacking = sorted(wanted - set(names))
    if lacking:
        raise FetchError(
            f"the query gives no column {', '.join(lacking)}, which its source in sendhouse.toml "
            f"names; it gives {', '.join(names)}"
        )
    return {column.name: column.type_display.partition("(")[0] for column in columns}


def _statement(kind: Kind, types: dict[str, str], *, resumes: bool) -> str:
    """Write the SELECT of (a row as a line of JSON, its cursor as text, whether that is no use)."""
    values = "source.*"
    if kind.shape == "crm":
        names = map(identifier, types)
        values = ", ".join(f"to_json(source.{name}) #>> '{{}}' as {name}" for name in names)
    cursor, is_unfit, where, order = "null", "false", "", "line"
    if kind.source.cursor is not None:
        column = f"source.{identifier(kind.source.cursor)}"
        cursor, order = f"{column}::text", f"{column}, line"
        # A position after all real ones would be the last.
        is_unfit = f"{column} is null or {column}::text in ('NaN', 'Infinity', 'infinity')"
        if types[kind.source.cursor] in _INSTANTS:
            is_unfit += f" or {column} > now() + interval '1 day'"
        if resumes:
            where = f"where {column} >= $1 or {column} is null"
    # One order and no other: a fetch that is done again writes the same file.
    return f"""
        select to_jsonb(given)::text collate "C" as line, {cursor}, {is_unfit}
        from ({_query(kind)}) as source cross join lateral (select {values}) as given
        {where} order by {order}"""  # noqa: S608 - names are quoted; the query is the user's own


def _query(kind: Kind) -> str:
    """Take the user's own SQL as it is; it may end in a semicolon or a comment."""
    return f"\n{(kind.source.query or '').strip().rstrip(';')}\n"


def _sql(statement: str) -> LiteralString:
    """Say that a statement is meant to be SQL, though it was put together."""
    return cast("LiteralString", statement)


def _told(error: psycopg.Error) -> str:
    if error.sqlstate is None or error.sqlstate.startswith(_TELLABLE):
        return str(error).partition("\n")[0] or type(error).__name__
    return f"{type(error).__name__} ({error.sqlstate})"
