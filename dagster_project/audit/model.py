"""What an audit says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class FieldAudit:
    """One field of one CRM object."""

    source_table: str
    """As under schema `raw`: `standard__contacts`."""
    field: str
    holds: str
    """What its values are: email, phone, name, id, country, timezone, language, number, instant,
    boolean, category, text, or empty."""
    is_personal: bool
    """Whether its values say who somebody is; then none of them is shown."""
    rows: int
    """Records, each in its latest known state."""
    filled: int
    distinct_values: int
    frequent_values: list[tuple[str, int]]
    """The most frequent values of a field with few, unless it is personal."""
    invalid: int
    """Filled values that are not what the field holds."""
    invalid_values: list[tuple[str, int]]
    """The most frequent of them, unless the field is personal."""
    last_filled_at: datetime | None
    """When an export last brought any value."""
    last_new_value_at: datetime | None
    """When a record last got a value that it had not had before."""
    last_updated_at: datetime | None
    """The CRM's own latest change of a record that has a value."""
    stale_reason: str | None
    """Why the field cannot be trusted to be up to date; None when it can."""
    segment_kind: str | None
    """The kind of segment it can carry; None for what identifies and does not describe."""
    unusable_reason: str | None
    """Why it cannot carry one now; None when it can."""

    @property
    def fill_rate(self) -> float:
        """Filled values per record."""
        return self.filled / self.rows if self.rows else 0.0

    @property
    def invalid_rate(self) -> float:
        """Wrong values per filled one."""
        return self.invalid / self.filled if self.filled else 0.0


@dataclass(frozen=True)
class AddressCount:
    """How many records of an address field have an address of one verdict."""

    source_table: str
    field: str
    verdict: str
    addresses: int
    """Different ones."""
    rows: int


@dataclass(frozen=True)
class SegmentFeature:
    """One feature that a segment decides by."""

    segment: str
    kind: str | None
    feature: str
    origin: str
    """`crm`: a contact without it cannot be judged; `activity`: without it, it did not happen."""
    contacts: int
    filled: int
    members: int | None
    """Of the segment; None when it has not been built."""
    problem: str | None
    """What the segment lacks; None when it has what it needs."""

    @property
    def fill_rate(self) -> float:
        """Filled values per contact."""
        return self.filled / self.contacts if self.contacts else 0.0


@dataclass(frozen=True)
class Audit:
    """The whole audit."""

    as_of: datetime
    fields: list[FieldAudit]
    addresses: list[AddressCount]
    segment_features: list[SegmentFeature]

    @property
    def stale(self) -> list[FieldAudit]:
        """Fields that are no longer kept."""
        return [field for field in self.fields if field.stale_reason]

    def as_dict(self) -> dict[str, Any]:
        """The audit as JSON can hold it."""
        return {
            "as_of": self.as_of.isoformat(),
            "fields": [_times(asdict(field)) | _rates(field) for field in self.fields],
            "addresses": [asdict(count) for count in self.addresses],
            "segment_features": [
                asdict(feature) | {"fill_rate": round(feature.fill_rate, 4)}
                for feature in self.segment_features
            ],
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
