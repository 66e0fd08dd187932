"""The results of the CRM audit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class FieldAudit:
    """One field of one CRM object."""

    source_table: str
    """The table under schema `raw` (example: `standard__contacts`)."""
    field: str
    holds: str
    """The content type: email, phone, name, id, country, timezone, language, number, instant,
    boolean, category, text, or empty."""
    is_personal: bool
    """Whether the values identify a person; such values are never shown."""
    rows: int
    """Number of records."""
    filled: int
    distinct_values: int
    frequent_values: list[tuple[str, int]]
    """The most frequent values of a field with few distinct values; empty if personal."""
    invalid: int
    """Number of values that do not match the content type."""
    invalid_values: list[tuple[str, int]]
    """The most frequent invalid values; empty if the field is personal."""
    last_filled_at: datetime | None
    """When an export last contained a value."""
    last_new_value_at: datetime | None
    """When a record last got a value that the record did not have before."""
    last_updated_at: datetime | None
    """The latest change time, as exported by the CRM, of a record with a value."""
    stale_reason: str | None
    """Why the field is stale; None if the field is fresh."""
    segment_kind: str | None
    """The kind of segment that the field can carry; None for an identifying field."""
    unusable_reason: str | None
    """Why the field cannot carry a segment now; None if it can."""
    placeholders: list[tuple[str, int]]
    """Values that mean no value, such as `Please choose`; `filled` does not count them."""
    is_unread_consent: bool
    """Whether the field looks like consent, and no model reads it."""

    @property
    def fill_rate(self) -> float:
        """Filled values per record."""
        return self.filled / self.rows if self.rows else 0.0

    @property
    def invalid_rate(self) -> float:
        """Invalid values per filled value."""
        return self.invalid / self.filled if self.filled else 0.0


@dataclass(frozen=True)
class AddressCount:
    """Addresses of one field with one verdict."""

    source_table: str
    field: str
    verdict: str
    addresses: int
    """Number of distinct addresses."""
    rows: int


@dataclass(frozen=True)
class Outreach:
    """Events that look like mailings, and count as the contact's own activity."""

    name: str
    events: int
    keys: int
    """About how many contact keys have such an event."""


@dataclass(frozen=True)
class SegmentFeature:
    """One feature used by a segment's rule."""

    segment: str
    kind: str | None
    feature: str
    origin: str
    """`crm`: the rule cannot judge a contact without a value. `activity`: no value means that the
    activity did not happen."""
    contacts: int
    filled: int
    members: int | None
    """Members of the segment; None if no tick has built the segment."""
    problem: str | None
    """What data the segment lacks; None if the data is sufficient."""

    @property
    def fill_rate(self) -> float:
        """Filled values per contact."""
        return self.filled / self.contacts if self.contacts else 0.0


@dataclass(frozen=True)
class CrmAudit:
    """The CRM audit."""

    as_of: datetime
    fields: list[FieldAudit]
    addresses: list[AddressCount]
    segment_features: list[SegmentFeature]
    outreach: list[Outreach]

    @property
    def unread_consents(self) -> list[FieldAudit]:
        """The fields that look like consent and that no model reads."""
        return [field for field in self.fields if field.is_unread_consent]

    @property
    def stale(self) -> list[FieldAudit]:
        """The stale fields."""
        return [field for field in self.fields if field.stale_reason]

    def as_dict(self) -> dict[str, Any]:
        """The audit as JSON types."""
        return {
            "as_of": self.as_of.isoformat(),
            "fields": [_times(asdict(field)) | _rates(field) for field in self.fields],
            "addresses": [asdict(count) for count in self.addresses],
            "segment_features": [
                asdict(feature) | {"fill_rate": round(feature.fill_rate, 4)}
                for feature in self.segment_features
            ],
            "outreach": [asdict(events) for events in self.outreach],
        }


def _times(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _rates(field: FieldAudit) -> dict[str, float]:
    return {
        "fill_rate": round(field.fill_rate, 4),
        "invalid_rate": round(field.invalid_rate, 4),
    }
