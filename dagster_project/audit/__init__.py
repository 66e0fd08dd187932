"""The audits: the quality of each CRM field (`crm`) and of each segment (`segments`)."""

from dagster_project.audit.crm.results import CrmAudit, FieldAudit
from dagster_project.audit.run import run_crm, run_segments
from dagster_project.audit.segments.results import SegmentsAudit

__all__ = [
    "CrmAudit",
    "FieldAudit",
    "SegmentsAudit",
    "run_crm",
    "run_segments",
]
