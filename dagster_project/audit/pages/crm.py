"""The page of the CRM audit, most urgent first."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from dagster_project.audit.pages import site

if TYPE_CHECKING:
    from pathlib import Path

    from dagster_project.audit.crm.results import AddressCount, CrmAudit, FieldAudit, SegmentFeature
    from dagster_project.home.settings import Settings

COUNTED_OUTREACH = (
    "look like mailings and count as the contact's own activity: list the name under "
    "outreach_events in dbt_project.yml"
)
UNREAD_CONSENT = (
    "looks like consent, and no model reads it: map it to marketing_consent under `columns` of its "
    "source, or to a consent of crm/standard/consents"
)


def write(settings: Settings, audit: CrmAudit) -> Path:
    """Write `crm.html`."""
    segments = [list(rows) for _, rows in groupby(audit.segment_features, _segment)]
    return site.write(
        settings,
        "crm",
        audit.as_of,
        tables=by_table(audit.fields),
        consents=audit.unread_consents,
        unread_consent=UNREAD_CONSENT,
        outreach=audit.outreach,
        counted_outreach=COUNTED_OUTREACH,
        nulls=nulls_by_table(audit.fields),
        stale=stale_by_reason(audit.fields),
        addresses=[list(rows) for _, rows in groupby(audit.addresses, _address_field)],
        segments=sorted(segments, key=lambda rows: not any(row.problem for row in rows)),
        totals={
            "fields": len(audit.fields),
            "filled": sum(field.filled > 0 for field in audit.fields),
            "usable": sum(
                field.segment_kind is not None and field.unusable_reason is None
                for field in audit.fields
            ),
            "stale": len(audit.stale),
            "addresses": sum(row.rows for row in audit.addresses),
            "mailable": sum(row.rows for row in audit.addresses if row.verdict == "personal"),
            "segments": len({row.segment for row in audit.segment_features}),
            "lacking": len({row.segment for row in audit.segment_features if row.problem}),
        },
    )


def by_table(fields: list[FieldAudit]) -> dict[str, list[FieldAudit]]:
    """Group the fields by their table, in the order of the tables."""
    return {table: list(rows) for table, rows in groupby(fields, lambda row: row.source_table)}


def stale_by_reason(fields: list[FieldAudit]) -> list[tuple[str, str, list[str]]]:
    """Group the stale fields by table and reason: a stopped export makes every field stale."""
    found: dict[tuple[str, str], list[str]] = {}
    for field in fields:
        if field.stale_reason:
            found.setdefault((field.source_table, field.stale_reason), []).append(field.field)
    return [(table, reason, names) for (table, reason), names in found.items()]


def nulls_by_table(fields: list[FieldAudit]) -> dict[str, list[str]]:
    """By table the values that mean no value: those to list as `nulls` of its source."""
    found: dict[str, list[str]] = {}
    for field in fields:
        for value, _ in field.placeholders:
            known = found.setdefault(field.source_table, [])
            if value not in known:
                known.append(value)
    return found


def _address_field(row: AddressCount) -> tuple[str, str]:
    return row.source_table, row.field


def _segment(row: SegmentFeature) -> str:
    return row.segment
