"""The audits: the quality of each CRM field (`crm`) and of each segment (`segments`)."""

from dagster_project.audit.crm.results import AddressCount, CrmAudit, FieldAudit, SegmentFeature
from dagster_project.audit.run import run_crm, run_segments
from dagster_project.audit.segments.results import SegmentAudit, SegmentOverlap, SegmentsAudit

__all__ = [
    "AddressCount",
    "CrmAudit",
    "FieldAudit",
    "SegmentAudit",
    "SegmentFeature",
    "SegmentOverlap",
    "SegmentsAudit",
    "run_crm",
    "run_segments",
]
