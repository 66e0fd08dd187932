"""The audits as they are run: what is found is returned, stored, and written as a page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dagster_project.audit import naming, store, tables
from dagster_project.audit.fields import audit_field
from dagster_project.audit.model import AddressCount, Audit, FieldAudit
from dagster_project.audit.pages import crm, segments
from dagster_project.audit.segment_audit import audit_segments
from dagster_project.audit.segments import segment_features
from dagster_project.home import warehouse
from dagster_project.landing.shapes.declared import read_declared
from dagster_project.project import dbt
from dagster_project.tick import installation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import duckdb

    from dagster_project.audit.segment_model import SegmentsAudit
    from dagster_project.home.settings import Settings

STALE_AFTER_DAYS = 180
"""Where `audit_stale_days` is not among the parameters of the settings."""


def audit_crm(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    manifest: Mapping[str, Any],
    on_table: Callable[[str], None] = lambda _: None,
) -> Audit:
    """Audit what was known at the clock; before the first tick, what has landed by now.

    Args:
        connection: the warehouse; only temporary tables are written.
        settings: the installation.
        manifest: dbt's, which knows the segments.
        on_table: told which object is looked at, for people who wait.

    """
    clock = warehouse.read_clock(connection)
    as_of = clock.now() if clock else datetime.now(UTC)
    stale_after = timedelta(days=settings.parameters.get("audit_stale_days", STALE_AFTER_DAYS))
    fields: list[FieldAudit] = []
    addresses: list[AddressCount] = []
    for table in tables.crm_tables(connection, read_declared(settings.project_dir)):
        on_table(table.name)
        updated = naming.find_updated(table.fields)
        loaded = tables.load(connection, table, updated, as_of)
        if loaded.rows == 0:
            continue  # declared, and nothing has landed
        for field in table.fields:
            audited, counted = audit_field(connection, loaded, field, as_of, stale_after)
            fields.append(audited)
            addresses += counted
    tables.drop(connection)
    return Audit(
        as_of=as_of,
        fields=fields,
        addresses=addresses,
        segment_features=segment_features(connection, manifest),
    )


def run_crm(settings: Settings, on_table: Callable[[str], None] = lambda _: None) -> Audit:
    """Audit the CRM, write tables under `audit` and a page; the caller holds the warehouse."""
    installation.create(settings)
    manifest = dbt.manifest(settings)
    with warehouse.connect(settings.warehouse_path) as connection:
        audit = audit_crm(connection, settings, manifest, on_table)
        store.write_crm(connection, audit)
    crm.write(settings, audit)
    return audit


def run_segments(settings: Settings) -> SegmentsAudit:
    """Audit the segments, as `run_crm` does the CRM."""
    installation.create(settings)
    manifest = dbt.manifest(settings)
    with warehouse.connect(settings.warehouse_path) as connection:
        audit = audit_segments(connection, settings, manifest)
        store.write_segments(connection, audit)
    segments.write(settings, audit)
    return audit
