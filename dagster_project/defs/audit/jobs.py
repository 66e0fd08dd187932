"""The job of the audits, and a weekly schedule that is off by default."""

import dagster as dg

from dagster_project.defs.audit.assets import GROUP

audit = dg.define_asset_job(
    "audit",
    selection=dg.AssetSelection.groups(GROUP),
    description="Audits the CRM and the segments: tables under `audit`, two pages of the report.",
)

every_monday = dg.ScheduleDefinition(
    name="audit_every_monday",
    job=audit,
    cron_schedule="0 5 * * 1",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Runs the audits every Monday at 05:00 UTC.",
)
