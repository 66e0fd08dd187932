"""Counts and times of a field's values, computed by DuckDB.

Column by column, so a wide table takes more time but not more memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from dagster_project.audit.crm.placeholders import is_placeholder
from dagster_project.audit.crm.tables import (
    LATEST,
    Loaded,
    instant_of,
    one_row,
    real_value_of,
    value_of,
)
from dagster_project.home.warehouse import instant
from dagster_project.landing.formats.cell_sql import cast

if TYPE_CHECKING:
    import duckdb

_BOOLEANS = "('true', 'false', 'yes', 'no')"
_EMAIL = r"[^@\s]+@[^@\s]+\.[^@\s]+"
_CODE = r"[A-Za-z]*[-_/]?[0-9]{4}[0-9A-Za-z_-]*"
_PHONE = r"\+?[0-9][0-9 ().\/-]{6,20}[0-9]"


@dataclass(frozen=True)
class Counts:
    """The filled values of a field in the latest state, counted by type."""

    filled: int
    distinct: int
    numbers: int
    instants: int
    booleans: int
    emails: int
    phones: int
    codes: int
    """Texts without a blank and with at least four digits, which may be ids: `A-10034`."""


@dataclass(frozen=True)
class Times:
    """The times of a field's latest values and changes."""

    last_filled_at: datetime | None
    last_new_value_at: datetime | None
    last_updated_at: datetime | None
    rows_since: int
    """Rows of exports received after the last value."""


def counts(connection: duckdb.DuckDBPyConnection, loaded: Loaded, field: str) -> Counts:
    """Count the latest values by type."""
    if field not in loaded.ever_filled:
        return Counts(0, 0, 0, 0, 0, 0, 0, 0)
    query = f"""
        select
            count(value), count(distinct value),
            count(try_cast(value as double)), count(try_cast(value as timestamptz)),
            count(*) filter (lower(value) in {_BOOLEANS}),
            count(*) filter (regexp_full_match(value, '{_EMAIL}')),
            count(*) filter (
                regexp_full_match(value, '{_PHONE}') and try_cast(value as timestamptz) is null
                and (value[1] = '+' or try_cast(value as double) is null)
            ),
            count(*) filter (regexp_full_match(value, '{_CODE}'))
        from (select {real_value_of(field)} as value from {LATEST})
    """  # noqa: S608 - the field's name is quoted
    return Counts(*one_row(connection, query))


def times(connection: duckdb.DuckDBPyConnection, loaded: Loaded, field: str) -> Times:
    """Find when a field was last filled, last got a new value, and when its record last changed.

    A value is new if its record has not had the value before; this requires record ids.
    """
    if field not in loaded.ever_filled:
        return Times(None, None, None, 0)
    value = value_of(field)
    filled_at, rows_since = one_row(
        connection,
        f"""
        with known as materialized (
            select _received_at as received_at, {value} is not null as is_filled from {loaded.known}
        ),
        last as (select max(received_at) filter (is_filled) as filled_at from known)
        select epoch_us(any_value(filled_at)), count(*) filter (received_at > filled_at)
        from known, last
        """,  # noqa: S608 - the field's name is quoted
    )
    new_at = updated_at = None
    if loaded.table.keys:
        keys = ", ".join(loaded.table.keys)
        (new_at,) = one_row(
            connection,
            f"""
            select epoch_us(max(first_at)) from (
                select min(_received_at) as first_at from {loaded.known}
                where {value} is not null group by {keys}, {value}
            )
            """,  # noqa: S608
        )
    if loaded.updated is not None:
        (updated_at,) = one_row(
            connection,
            f"""
            select epoch_us(max({instant_of(loaded.updated)}) filter ({value} is not null))
            from {LATEST}
            """,  # noqa: S608
        )
    return Times(_instant(filled_at), _instant(new_at), _instant(updated_at), rows_since)


def values(connection: duckdb.DuckDBPyConnection, field: str) -> list[tuple[str, int]]:
    """List the values of the latest state with their row counts, most frequent first."""
    return connection.execute(
        f"""
        select value, count(*) as rows from (select {real_value_of(field)} as value from {LATEST})
        where value is not null group by value order by rows desc, value
        """  # noqa: S608 - the field's name is quoted
    ).fetchall()


def placeholders(connection: duckdb.DuckDBPyConnection, field: str) -> list[tuple[str, int]]:
    """List the placeholders of the latest state with their row counts, most frequent first."""
    return connection.execute(
        f"""
        select value, count(*) as rows from (select {value_of(field)} as value from {LATEST})
        where value is not null and {is_placeholder("value")}
        group by value order by rows desc, value
        """  # noqa: S608 - the field's name is quoted
    ).fetchall()


def not_of_type(
    connection: duckdb.DuckDBPyConnection, field: str, data_type: str, limit: int
) -> list[tuple[str, int]]:
    """List the most frequent values that cannot be cast to `data_type`."""
    return connection.execute(
        f"""
        select value, count(*) as rows from (select {real_value_of(field)} as value from {LATEST})
        where value is not null and {cast("value", data_type)} is null
        group by value order by rows desc, value limit $limit
        """,  # noqa: S608 - the field's name is quoted; the type comes from this package
        {"limit": limit},
    ).fetchall()


def _instant(epoch_us: int | None) -> datetime | None:
    return None if epoch_us is None else instant(epoch_us)
