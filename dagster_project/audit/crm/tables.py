"""CRM tables under schema `raw`, and the latest state of each record."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagster_project.audit.crm.placeholders import is_placeholder
from dagster_project.home.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    import duckdb

    from dagster_project.landing.shapes.declared import DeclaredTable

LATEST = "audit_latest"
"""Temporary table with the latest state. One row per record."""


@dataclass(frozen=True)
class CrmTable:
    """One CRM object in the warehouse."""

    name: str
    fields: list[str]
    record_id: list[str]
    """The columns of the record's id."""
    keys: list[str]
    """SQL expressions that identify a record; empty if each row is a record."""
    declared_types: Mapping[str, str | None]
    """The declared types by lowercase column."""
    families: tuple[re.Pattern[str], ...] = ()
    """Patterns of further columns that models read."""

    def is_read(self, field: str) -> bool:
        """Whether a model reads the field."""
        return field.lower() in self.declared_types or any(
            pattern.search(field) for pattern in self.families
        )


def crm_tables(
    connection: duckdb.DuckDBPyConnection, declared: Mapping[str, DeclaredTable]
) -> Iterator[CrmTable]:
    """Find the tables `raw.<source>__<object>` and their fields.

    Columns that begin with `_` are metadata of landing or of the export tool.
    """
    found = connection.execute(
        """
        select table_name, list(column_name order by column_index)
        from duckdb_columns()
        where schema_name = 'raw' and database_name = current_database()
        group by table_name
        having list_has_all(list(column_name), ['_file_id', '_line', '_received_at'])
        order by table_name
        """
    ).fetchall()
    for name, columns in found:
        expected = declared[name].columns if name in declared else {}
        required = {column.lower() for column, how in expected.items() if how.required}
        fields = [column for column in columns if not column.startswith("_")]
        record_id = [field for field in fields if field.lower() in required]
        keys = list(map(value_of, record_id))
        if not keys and name in declared and declared[name].identified_by:
            names = map(value_of, declared[name].identified_by)
            keys = [f"coalesce({', '.join(names)}, concat_ws(' ', _file_id, _line))"]
        yield CrmTable(
            name=name,
            fields=fields,
            record_id=record_id,
            keys=keys,
            declared_types={column.lower(): how.duckdb_type for column, how in expected.items()},
            families=tuple(
                re.compile(pattern, re.IGNORECASE)
                for pattern in (declared[name].families if name in declared else ())
            ),
        )


@dataclass(frozen=True)
class Loaded:
    """A table whose latest state is in `LATEST`."""

    table: CrmTable
    rows: int
    """Number of records."""
    ever_filled: frozenset[str]
    """Fields with a value in at least one export."""
    known: str
    """SQL of all rows received by the clock."""
    updated: str | None
    """The column with the CRM's own change time."""


def load(
    connection: duckdb.DuckDBPyConnection, table: CrmTable, updated: str | None, as_of: datetime
) -> Loaded:
    """Create `LATEST` from a table."""
    # The output of isoformat() needs no quoting.
    received = f"_received_at <= timestamptz '{as_of.isoformat()}'"
    known = f"(select * from raw.{identifier(table.name)} where {received})"  # noqa: S608
    keys = ", ".join(table.keys)
    by_update = f"{instant_of(updated)} desc nulls last," if updated else ""
    latest = (
        f"""qualify row_number() over (
            partition by {keys} order by _received_at desc, {by_update} _file_no desc, _line desc
        ) = 1"""
        if keys
        else ""
    )
    connection.execute(f"create or replace temp table {LATEST} as from {known} {latest}")
    (rows,) = one_row(connection, f"select count(*) from {LATEST}")  # noqa: S608
    counts = ", ".join(f"count({value_of(field)})" for field in table.fields)
    filled = one_row(connection, f"select {counts} from {known}") if table.fields else ()  # noqa: S608
    ever_filled = frozenset(
        field for field, values in zip(table.fields, filled, strict=True) if values
    )
    return Loaded(table, rows, ever_filled, known, updated)


def value_of(field: str) -> str:
    """Return SQL of a field's value: trimmed text, or null if empty."""
    return f"nullif(trim(cast({identifier(field)} as varchar)), '')"


def real_value_of(field: str) -> str:
    """Return SQL of a field's value; a placeholder such as `Please choose` is null too."""
    value = value_of(field)
    return f"case when not {is_placeholder(value)} then {value} end"


def instant_of(field: str) -> str:
    """Return SQL of a field's instant; UTC if the value has no time zone."""
    return f"try_cast({value_of(field)} as timestamptz)"


def one_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """Run a query that returns exactly one row."""
    [row] = connection.execute(query).fetchall()
    return row


def drop(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop `LATEST`."""
    connection.execute(f"drop table if exists {LATEST}")
