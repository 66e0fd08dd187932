"""The audit of all CRM tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dagster_project.audit.crm import field_names, tables
from dagster_project.audit.crm.field_audit import audit_field
from dagster_project.audit.crm.outreach import outreach
from dagster_project.audit.crm.results import AddressCount, CrmAudit, FieldAudit
from dagster_project.audit.crm.segment_features import segment_features
from dagster_project.home import warehouse
from dagster_project.landing.shapes.declared import read_declared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import duckdb

    from dagster_project.home.settings import Settings

STALE_AFTER_DAYS = 180
"""The default of the parameter `audit_stale_days`."""


def audit_crm(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    manifest: Mapping[str, Any],
    on_table: Callable[[str], None] = lambda _: None,
) -> CrmAudit:
    """Audit the rows received by the clock; before the first tick, all landed rows.

    Args:
        connection: the warehouse; only temporary tables are written.
        settings: the installation.
        manifest: the dbt manifest with the segments.
        on_table: progress callback, called with the name of each table.

    """
    clock = warehouse.read_clock(connection)
    as_of = clock.now() if clock else datetime.now(UTC)
    stale_after = timedelta(days=settings.parameters.get("audit_stale_days", STALE_AFTER_DAYS))
    fields: list[FieldAudit] = []
    addresses: list[AddressCount] = []
    for table in tables.crm_tables(connection, read_declared(settings.project_dir)):
        on_table(table.name)
        updated = field_names.find_updated(table.fields)
        loaded = tables.load(connection, table, updated, as_of)
        if loaded.rows == 0:
            continue  # a declared table without landed rows
        for field in table.fields:
            audited, counted = audit_field(connection, loaded, field, as_of, stale_after)
            fields.append(audited)
            addresses += counted
    tables.drop(connection)
    return CrmAudit(
        as_of=as_of,
        fields=fields,
        addresses=addresses,
        segment_features=segment_features(connection, manifest),
        outreach=outreach(connection, settings.project_dir),
    )
