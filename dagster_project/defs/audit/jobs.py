"""When the data is audited: whenever somebody asks, and weekly once that is switched on."""

import dagster as dg

from dagster_project.defs.audit.assets import GROUP

audit = dg.define_asset_job(
    "audit",
    selection=dg.AssetSelection.groups(GROUP),
    description="Audit CRM and segments: tables under `audit`, and two pages of the report.",
)

every_monday = dg.ScheduleDefinition(
    name="audit_every_monday",
    job=audit,
    cron_schedule="0 5 * * 1",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="The audits before the week begins.",
)
