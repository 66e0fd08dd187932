"""The CRM audit: what each field of the CRM is worth, and what segments lack."""

from dagster_project.audit.model import AddressCount, Audit, FieldAudit, SegmentFeature
from dagster_project.audit.run import audit_crm, run

__all__ = ["AddressCount", "Audit", "FieldAudit", "SegmentFeature", "audit_crm", "run"]
