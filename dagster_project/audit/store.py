"""The audit as tables, a set of rows per day: how the CRM gets better or worse is a query.

No table holds an address, a name or a number of anybody; BI reads them all.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from dagster_project.landing.sql import identifier

if TYPE_CHECKING:
    import duckdb

    from dagster_project.audit.model import Audit

TABLES = {
    "crm_fields": {
        "source_table": "varchar", "field": "varchar", "holds": "varchar",
        "is_personal": "boolean", "rows": "bigint", "filled": "bigint", "fill_rate": "double",
        "distinct_values": "bigint", "frequent_values": "json", "invalid": "bigint",
        "invalid_values": "json", "last_filled_at": "timestamptz",
        "last_new_value_at": "timestamptz", "last_updated_at": "timestamptz",
        "stale_reason": "varchar", "segment_kind": "varchar", "unusable_reason": "varchar",
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
"""Under schema `audit`; each begins with `audited_on` (UTC day) and `as_of`."""


def write(connection: duckdb.DuckDBPyConnection, audit: Audit) -> dict[str, int]:
    """Write the audit, in place of an earlier one of the same day; rows by table."""
    rows: dict[str, list[dict[str, Any]]] = {
        "crm_fields": [
            asdict(field)
            | {
                "fill_rate": field.fill_rate,
                "frequent_values": json.dumps(dict(field.frequent_values), ensure_ascii=False),
                "invalid_values": json.dumps(dict(field.invalid_values), ensure_ascii=False),
            }
            for field in audit.fields
        ],
        "crm_addresses": [asdict(count) for count in audit.addresses],
        "segment_features": [
            asdict(feature) | {"fill_rate": feature.fill_rate} for feature in audit.segment_features
        ],
    }
    day = audit.as_of.date()
    connection.execute("begin")
    try:
        connection.execute("create schema if not exists audit")
        for table, columns in TABLES.items():
            described = {"audited_on": "date", "as_of": "timestamptz", **columns}
            listed = ", ".join(f"{identifier(name)} {kind}" for name, kind in described.items())
            connection.execute(f"create table if not exists audit.{table} ({listed})")
            connection.execute(f"delete from audit.{table} where audited_on = $day", {"day": day})  # noqa: S608
            if rows[table]:
                connection.executemany(
                    f"insert into audit.{table} by name select "
                    + ", ".join(f"${name} as {identifier(name)}" for name in described),
                    [{"audited_on": day, "as_of": audit.as_of, **row} for row in rows[table]],
                )
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")
    return {table: len(found) for table, found in rows.items()}
