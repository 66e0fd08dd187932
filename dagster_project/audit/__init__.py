"""Audits: what each field of the CRM is worth, and what each segment is."""

from dagster_project.audit.model import AddressCount, Audit, FieldAudit, SegmentFeature
from dagster_project.audit.run import audit_crm, run_crm, run_segments
from dagster_project.audit.segment_audit import audit_segments
from dagster_project.audit.segment_model import SegmentAudit, SegmentOverlap, SegmentsAudit

__all__ = [
    "AddressCount",
    "Audit",
    "FieldAudit",
    "SegmentAudit",
    "SegmentFeature",
    "SegmentOverlap",
    "SegmentsAudit",
    "audit_crm",
    "audit_segments",
    "run_crm",
    "run_segments",
]
