"""Reads a file as landing does, without a warehouse: its columns, its rows, its rejects."""

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
    """What a file holds; an empty cell is ''."""

    columns: list[str]
    rows: list[list[str]]
    lines: list[int]
    rejects: list[tuple[int, str]]
    count: int
    """How many rows DuckDB gave, blank ones included."""
    as_it_stands: bool
    """Whether DuckDB read the file itself."""


def read(path: Path, scratch: Path, **keys: Any) -> Read:
    """Read a file whole.

    Raises:
        FileRejectedError: as landing would.

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
        # A row of nothing but blanks is no row to landing; here it is one without values.
        [values for _, problem, values in found if not problem],
        [line for line, problem, _ in found if not problem],
        [(line, problem) for line, problem, _ in found if problem],
        count=len(found),
        as_it_stands=not rows.numbered,
    )
