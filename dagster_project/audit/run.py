"""Run an audit: compute it, store it under schema `audit`, and write its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.audit import store
from dagster_project.audit.crm.audit import audit_crm
from dagster_project.audit.pages import crm, segments
from dagster_project.audit.segments.audit import audit_segments
from dagster_project.home import warehouse
from dagster_project.project import dbt
from dagster_project.tick import installation

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagster_project.audit.crm.results import CrmAudit
    from dagster_project.audit.segments.results import SegmentsAudit
    from dagster_project.home.settings import Settings


def run_crm(settings: Settings, on_table: Callable[[str], None] = lambda _: None) -> CrmAudit:
    """Run the CRM audit; the caller holds the warehouse."""
    installation.create(settings)
    manifest = dbt.manifest(settings)
    with warehouse.connect(settings.warehouse_path) as connection:
        audit = audit_crm(connection, settings, manifest, on_table)
        store.write_crm(connection, audit)
    crm.write(settings, audit)
    return audit


def run_segments(settings: Settings) -> SegmentsAudit:
    """Run the audit of the segments; the caller holds the warehouse."""
    installation.create(settings)
    manifest = dbt.manifest(settings)
    with warehouse.connect(settings.warehouse_path) as connection:
        audit = audit_segments(connection, settings, manifest)
        store.write_segments(connection, audit)
    segments.write(settings, audit)
    return audit
