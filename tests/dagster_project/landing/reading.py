"""Reads a file like landing, without a warehouse: columns, rows, rejects."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from dagster_project.home.source_settings import SourceSettings
from dagster_project.landing.formats.packing import check_whole
from dagster_project.landing.formats.readers import UNREADABLE, open_rows

if TYPE_CHECKING:
    from pathlib import Path

    from dagster_project.landing.formats.rows import Rows


@dataclass
class Read:
    """The content of a file; an empty cell is ''."""

    columns: list[str]
    rows: list[list[str]]
    lines: list[int]
    rejects: list[tuple[int, str]]
    count: int
    """The number of rows that DuckDB returned, including blank rows."""
    is_direct: bool
    """Whether DuckDB read the file directly, without a clean copy."""


def read(path: Path, scratch: Path, **keys: Any) -> Read:
    """Read a whole file.

    Raises:
        FileRejectedError: landing would reject the file.

    """
    source = SourceSettings.model_validate({"as": "events", **keys})
    scratch.mkdir(exist_ok=True)
    check_whole(path)
    rows = open_rows(_connection(), path, source, scratch)
    try:
        found = _all(_connection(), rows)
        if rows.must_be in (None, found.count):
            return found
    except UNREADABLE:
        pass
    return _all(_connection(), rows.repaired(scratch))


@functools.cache
def _connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _all(connection: duckdb.DuckDBPyConnection, rows: Rows) -> Read:
    columns = rows.columns(connection)
    values = ", ".join(f"coalesce({rows.text(name)}, '')" for name in columns)
    problem = rows.problem()
    relation = rows.relation()
    line = "_line, " if rows.numbered else ""
    connection.execute(
        f"""create or replace temp table found as
            select {line}{problem} as _problem, [{values}]::varchar[] as _values
            from {relation}""",
        rows.parameters.values,
    )
    found = connection.execute(
        f"select ({rows.line})::bigint, _problem, _values from found"
    ).fetchall()
    return Read(
        columns,
        # Landing skips a row that contains only blanks; here the row is included.
        [values for _, problem, values in found if not problem],
        [line for line, problem, _ in found if not problem],
        [(line, problem) for line, problem, _ in found if problem],
        count=len(found),
        is_direct=not rows.numbered,
    )
