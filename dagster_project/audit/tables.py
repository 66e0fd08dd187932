"""CRM tables as landing keeps them: every export's rows, and the latest known state per record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagster_project.home.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    import duckdb

    from dagster_project.landing.shapes.declared import DeclaredTable

LATEST = "audit_latest"
"""Temporary table: one row per record, the latest known."""


@dataclass(frozen=True)
class CrmTable:
    """One object of one CRM, as it stands in the warehouse."""

    name: str
    fields: list[str]
    record_id: list[str]
    """Columns that name a record."""
    keys: list[str]
    """SQL of what names a record; none where every row counts for itself."""
    declared_types: Mapping[str, str | None]
    """The types that models expect, by column in lower case."""


def crm_tables(
    connection: duckdb.DuckDBPyConnection, declared: Mapping[str, DeclaredTable]
) -> Iterator[CrmTable]:
    """Find `raw.<source>__<object>` and their fields.

    Columns that begin with `_` are bookkeeping, of landing or of the tool that exported.
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
            declared_types={column.lower(): how.data_type for column, how in expected.items()},
        )


@dataclass(frozen=True)
class Loaded:
    """A table that is being looked at: its latest state is in `LATEST`."""

    table: CrmTable
    rows: int
    """Records in their latest state."""
    ever_filled: frozenset[str]
    """Fields that any export brought a value of; half of a CRM's fields nobody uses."""
    known: str
    """SQL of all rows that had been learnt by the clock."""
    updated: str | None
    """The column in which the CRM says when it changed a record."""


def load(
    connection: duckdb.DuckDBPyConnection, table: CrmTable, updated: str | None, as_of: datetime
) -> Loaded:
    """Make `LATEST` of a table."""
    # An instant as isoformat() writes it holds nothing to quote.
    learnt = f"_received_at <= timestamptz '{as_of.isoformat()}'"
    known = f"(select * from raw.{identifier(table.name)} where {learnt})"  # noqa: S608
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
    """Write SQL of a field's value: trimmed text, null when there is nothing in it."""
    return f"nullif(trim(cast({identifier(field)} as varchar)), '')"


def instant_of(field: str) -> str:
    """Write SQL of the instant that a field says; UTC where it names no zone."""
    return f"try_cast({value_of(field)} as timestamptz)"


def one_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """Ask for exactly one row."""
    [row] = connection.execute(query).fetchall()
    return row


def drop(connection: duckdb.DuckDBPyConnection) -> None:
    """Give back what `load` made."""
    connection.execute(f"drop table if exists {LATEST}")
