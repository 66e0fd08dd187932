"""Versions of relations: two equal versions mean that the rows are the same.

A build compares versions to find the models with a changed input. `control.builds` has the version
of each table that a build wrote. The version of a view follows from what it reads. For all other
tables a mark is computed: of the files that landed, or of the rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from dagster_project.home import warehouse
from dagster_project.home.sql import identifier

# Relations of the clock: the instant, the day. `control.known` is the instant again, for models
# whose rows do not change by the passing of time alone: marks of raw tables have the rows that
# became known.
_OF_TIME = {"control.clock": "{:%FT%T.%f}", "control.today": "{:%F}", "control.known": ""}
# How far models have read (dbt/macros/arrivals.sql).
WATERMARKS = "control.watermarks"
# The state of the build itself, no input of a model.
STATE = frozenset({WATERMARKS, "control.builds"})
# A table's alias in SQL that hashes whole rows: no column has this name. `hash(t)` would hash the
# column of a table that has a column `t`.
ROW = '"a row"'
# Instants from which on a row is known.
_KNOWN_FROM = ("received_at", "_received_at", "landed_at", "started_at", "finished_at")


@dataclass(frozen=True)
class Build:
    """The last build of a model, or the last passed run of a test.

    Attributes:
        version: of the rows that the build left.
        code: a hash of what was run.
        definition: the `Node.definition` of an incremental model.
        inputs: the version of each relation that was read.
    """

    version: str
    code: str
    definition: str
    inputs: Mapping[str, str]


def read_builds(connection: duckdb.DuckDBPyConnection) -> dict[str, Build]:
    """Read `control.builds`, by relation."""
    rows = connection.execute(
        "select relation, version, code, definition, inputs from control.builds"
    ).fetchall()
    return {
        relation: Build(version, code, definition, json.loads(inputs))
        for relation, version, code, definition, inputs in rows
    }


def write_build(connection: duckdb.DuckDBPyConnection, relation: str, build: Build) -> None:
    """Record a build, in the transaction of its rows."""
    connection.execute(
        "insert or replace into control.builds values (?, ?, ?, ?, ?)",
        [relation, build.version, build.code, build.definition, json.dumps(build.inputs)],
    )


def forget(connection: duckdb.DuckDBPyConnection, relations: Sequence[str] | None = None) -> None:
    """Let the next build run these models whatever their inputs; None for all models.

    For rows that something else than a build has changed.
    """
    if relations is None:
        connection.execute("delete from control.builds")
    else:
        connection.execute(
            "delete from control.builds where relation in (select unnest($names))",
            {"names": [*relations]},
        )


def forget_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the next build make every model but decisions from nothing."""
    connection.execute("update control.builds set code = '', definition = 'forgotten'")


class Marks:
    """Marks of the tables that no build writes, each computed once."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        clock = warehouse.read_clock(connection)
        self._as_of = clock.as_of if clock else datetime.min.replace(tzinfo=UTC)
        self._found: dict[str, str] = {}

    def __getitem__(self, relation: str) -> str:
        """The mark of a relation; of one that does not exist, `none`."""
        if relation in _OF_TIME:
            return _OF_TIME[relation].format(self._as_of)
        if relation not in self._found:
            self._found[relation] = self._mark(relation)
        return self._found[relation]

    def _mark(self, relation: str) -> str:
        schema, _, table = relation.partition(".")
        name = f"{identifier(schema)}.{identifier(table)}"
        columns = columns_of(self._connection, relation)
        if columns is None:
            return "none"
        known_from = [column for column, _ in columns if column in _KNOWN_FROM]
        is_landed = schema == "raw" and {"file_no", "_file_no"} & {name for name, _ in columns}
        parts = [self._ask_later(name, known_from)] if known_from else []
        if is_landed and table != "files":
            parts.append(_columns_mark(columns))
            parts.append(self._ask(f"select count(*) from {name}"))  # noqa: S608 - quoted
            parts.append(
                self._ask(
                    f"""select count(*), sum(hash({ROW})) from raw.files as {ROW}
                    where table_name = $table""",  # noqa: S608
                    {"table": table},
                )
            )
        else:
            parts.append(content_mark(self._connection, name))
        return " ".join(parts)

    def _ask_later(self, name: str, columns: Sequence[str]) -> str:
        """The rows that a later clock will know: DuckDB skips all others by their zone maps."""
        return " ".join(
            self._ask(
                f"select count(*) from {name} where {column} > $as_of",  # noqa: S608 - quoted
                {"as_of": self._as_of},
            )
            for column in columns
        )

    def _ask(self, sql: str, values: Mapping[str, Any] | None = None) -> str:
        [row] = self._connection.execute(sql, values).fetchall()
        return ":".join(str(value) for value in row)


def content_mark(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """A hash of the rows of a table or query, whatever their order, and of its columns.

    Args:
        connection: the open warehouse.
        table: an SQL name, or a query in brackets.
    """
    columns = connection.execute(f"from {table} limit 0").description or ()
    named = [(column[0], str(column[1])) for column in columns]
    return f"{rows_mark(connection, table)}:{_columns_mark(named)}"


def rows_mark(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """A hash of the rows alone; see `content_mark`."""
    [(count, total)] = connection.execute(
        f"select count(*), sum(hash({ROW})) from {table} as {ROW}"  # noqa: S608 - a quoted name
    ).fetchall()
    return f"{count}:{total or 0}"


def is_empty(version: str) -> bool:
    """Whether a version is the `content_mark` of no rows."""
    return version.startswith("0:")


def _columns_mark(columns: Sequence[tuple[str, str]]) -> str:
    return hashed(*[f"{name} {type_}" for name, type_ in columns])


def rows_of(version: str) -> int:
    """The number of rows in a `content_mark`; 0 for another version."""
    count, is_mark, _ = version.partition(":")
    return int(count) if is_mark else 0


def columns_of(
    connection: duckdb.DuckDBPyConnection, relation: str
) -> list[tuple[str, str]] | None:
    """Names and types of a relation's columns, in order; None if it does not exist."""
    schema, _, table = relation.partition(".")
    try:
        found = connection.execute(
            f"from {identifier(schema)}.{identifier(table)} limit 0"
        ).description
    except duckdb.CatalogException:
        return None
    return [(column[0], str(column[1])) for column in found or ()]


def hashed(*parts: str) -> str:
    """A short hash of texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
