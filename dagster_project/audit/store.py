"""The audits as tables with one set of rows per day, so a query can show the trend.

No table holds personal data; BI reads every table.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dagster_project.home.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    import duckdb

    from dagster_project.audit.crm.results import CrmAudit
    from dagster_project.audit.segments.results import SegmentsAudit

    Rows = list[dict[str, Any]]

CRM_TABLES = {
    "crm_fields": {
        "source_table": "varchar", "field": "varchar", "holds": "varchar",
        "is_personal": "boolean", "rows": "bigint", "filled": "bigint", "fill_rate": "double",
        "distinct_values": "bigint", "frequent_values": "json", "invalid": "bigint",
        "invalid_values": "json", "last_filled_at": "timestamptz",
        "last_new_value_at": "timestamptz", "last_updated_at": "timestamptz",
        "stale_reason": "varchar", "segment_kind": "varchar", "unusable_reason": "varchar",
        "placeholders": "json", "is_unread_consent": "boolean",
    },
    "crm_addresses": {
        "source_table": "varchar", "field": "varchar", "verdict": "varchar",
        "addresses": "bigint", "rows": "bigint",
    },
    "segment_features": {
        "segment": "varchar", "kind": "varchar", "feature": "varchar", "origin": "varchar",
        "contacts": "bigint", "filled": "bigint", "fill_rate": "double", "members": "bigint",
        "problem": "varchar",
    },
}  # fmt: skip
SEGMENT_TABLES = {
    "segments": {
        "segment": "varchar", "kind": "varchar", "rule": "varchar", "owner": "varchar",
        "review_by": "date", "members": "bigint", "opted_in": "bigint", "opted_out": "bigint",
        "unknown": "bigint", "entered_7d": "bigint", "exited_7d": "bigint",
        "entered_30d": "bigint", "exited_30d": "bigint", "last_entered_at": "timestamptz",
        "smallest_open_difference": "double", "smallest_click_difference": "double",
        "used_by": "varchar[]", "thin_reason": "varchar", "inputs_reason": "varchar",
        "dead_reason": "varchar", "duplicate_reason": "varchar", "review_reason": "varchar",
    },
    "segment_overlaps": {
        "segment": "varchar", "other": "varchar", "members": "bigint", "other_members": "bigint",
        "shared": "bigint", "jaccard": "double", "is_near_duplicate": "boolean",
        "subset": "varchar",
    },
}  # fmt: skip
"""The tables under schema `audit`; each also has `audited_on` (UTC day) and `as_of`."""
SIZES = "segment_sizes"
"""One row per segment and UTC day. Every audit replaces the whole table."""
_SIZE_COLUMNS = {
    "segment": "varchar", "day": "date", "members": "bigint", "entered": "bigint",
    "exited": "bigint",
}  # fmt: skip


def write_crm(connection: duckdb.DuckDBPyConnection, audit: CrmAudit) -> None:
    """Write the CRM audit; replaces an earlier audit of the same day."""
    rows: dict[str, Rows] = {
        "crm_fields": [
            asdict(field)
            | {
                "fill_rate": field.fill_rate,
                "frequent_values": json.dumps(dict(field.frequent_values), ensure_ascii=False),
                "invalid_values": json.dumps(dict(field.invalid_values), ensure_ascii=False),
                "placeholders": json.dumps(dict(field.placeholders), ensure_ascii=False),
            }
            for field in audit.fields
        ],
        "crm_addresses": [asdict(count) for count in audit.addresses],
        "segment_features": [
            asdict(feature) | {"fill_rate": feature.fill_rate} for feature in audit.segment_features
        ],
    }
    with _transaction(connection):
        _write_day(connection, audit.as_of, CRM_TABLES, rows)


def write_segments(connection: duckdb.DuckDBPyConnection, audit: SegmentsAudit) -> None:
    """Write the audit of the segments; replaces an earlier audit of the same day."""
    rows: dict[str, Rows] = {
        "segments": [asdict(segment) for segment in audit.segments],
        "segment_overlaps": [
            asdict(pair)
            | {
                "jaccard": pair.jaccard,
                "is_near_duplicate": pair.is_near_duplicate,
                "subset": pair.subset,
            }
            for pair in audit.overlaps
        ],
    }
    sizes: Rows = [
        {"segment": segment, **asdict(size)}
        for segment, days in audit.sizes.items()
        for size in days
    ]
    with _transaction(connection):
        _write_day(connection, audit.as_of, SEGMENT_TABLES, rows)
        connection.execute(f"drop table if exists audit.{SIZES}")
        _insert(connection, SIZES, _SIZE_COLUMNS, sizes)


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _write_day(
    connection: duckdb.DuckDBPyConnection,
    as_of: datetime,
    tables: Mapping[str, Mapping[str, str]],
    rows: Mapping[str, Rows],
) -> None:
    day = as_of.date()
    connection.execute("create schema if not exists audit")
    for table, columns in tables.items():
        described = {"audited_on": "date", "as_of": "timestamptz", **columns}
        dated = [{"audited_on": day, "as_of": as_of, **row} for row in rows[table]]
        _create(connection, table, described)
        connection.execute(f"delete from audit.{table} where audited_on = $day", {"day": day})  # noqa: S608
        _insert(connection, table, described, dated)


def _create(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str]) -> None:
    listed = ", ".join(f"{identifier(name)} {kind}" for name, kind in columns.items())
    connection.execute(f"create table if not exists audit.{table} ({listed})")


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str], rows: Rows
) -> None:
    """Insert the rows column by column: row by row takes seconds for a year of days."""
    _create(connection, table, columns)
    if not rows:
        return
    listed = ", ".join(
        f"unnest(cast(${name} as {kind}[])) as {identifier(name)}" for name, kind in columns.items()
    )
    connection.execute(
        f"insert into audit.{table} by name select {listed}",
        {name: [row[name] for row in rows] for name in columns},
    )
