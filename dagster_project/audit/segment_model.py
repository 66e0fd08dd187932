"""What an audit of the segments says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagster_project.audit.membership import Size

NEAR_DUPLICATE = 0.9
"""Two segments are near-duplicates from this share of common members on."""


@dataclass(frozen=True)
class SegmentAudit:
    """One segment at the clock. Each reason is None where there is nothing to say."""

    segment: str
    kind: str | None
    rule: str | None
    owner: str | None
    review_by: date | None
    members: int | None
    """None before a tick has built the segment."""
    opted_in: int
    """Members who may be mailed; the other members opted out, or never said anything."""
    opted_out: int
    unknown: int
    entered_7d: int
    exited_7d: int
    entered_30d: int
    exited_30d: int
    last_entered_at: datetime | None
    smallest_open_difference: float | None
    """The smallest rise in the share of those who open, 0 to 1, that a test on the members who may
    be mailed can show; None when it can show none."""
    smallest_click_difference: float | None
    used_by: list[str]
    """As `sequences/activation`."""
    thin_reason: str | None
    inputs_reason: str | None
    dead_reason: str | None
    duplicate_reason: str | None
    review_reason: str | None

    @property
    def without_consent(self) -> int:
        """Members who may not be mailed."""
        return self.opted_out + self.unknown

    @property
    def without_consent_share(self) -> float:
        """Of the members; 0 when there are none."""
        return self.without_consent / self.members if self.members else 0.0

    @property
    def findings(self) -> dict[str, str]:
        """What is wrong with the segment: reasons by what they are."""
        found = {
            "inputs": self.inputs_reason,
            "dead": self.dead_reason,
            "near-duplicate": self.duplicate_reason,
            "too thin": self.thin_reason,
            "review": self.review_reason,
        }
        return {name: reason for name, reason in found.items() if reason}


@dataclass(frozen=True)
class SegmentOverlap:
    """Two segments that share members; `segment` comes first by name."""

    segment: str
    other: str
    members: int
    other_members: int
    shared: int

    @property
    def jaccard(self) -> float:
        """Common members per member of either."""
        return self.shared / (self.members + self.other_members - self.shared)

    @property
    def is_near_duplicate(self) -> bool:
        """Whether one of the two could go."""
        return self.jaccard >= NEAR_DUPLICATE

    @property
    def subset(self) -> str | None:
        """The one whose members are all in the other, which has more; None when neither's are."""
        if self.members == self.other_members or self.shared < min(
            self.members, self.other_members
        ):
            return None
        return self.segment if self.members < self.other_members else self.other


@dataclass(frozen=True)
class SegmentsAudit:
    """The whole audit."""

    as_of: datetime
    segments: list[SegmentAudit]
    sizes: dict[str, list[Size]]
    """By segment, day by day; a segment that nobody ever entered has none."""
    overlaps: list[SegmentOverlap]
    """The most alike first; pairs that share nobody are left out."""

    def as_dict(self) -> dict[str, Any]:
        """The audit as JSON can hold it."""
        return {
            "as_of": self.as_of.isoformat(),
            "segments": [
                {name: _json(value) for name, value in asdict(segment).items()}
                | {"findings": segment.findings}
                for segment in self.segments
            ],
            "sizes": {
                segment: [{**asdict(size), "day": size.day.isoformat()} for size in days]
                for segment, days in self.sizes.items()
            },
            "overlaps": [
                asdict(pair)
                | {
                    "jaccard": round(pair.jaccard, 4),
                    "is_near_duplicate": pair.is_near_duplicate,
                    "subset": pair.subset,
                }
                for pair in self.overlaps
            ],
        }


def _json(value: Any) -> Any:  # noqa: ANN401 - whatever a dataclass holds
    if isinstance(value, date):  # instants are dates too
        return value.isoformat()
    return round(value, 4) if isinstance(value, float) else value
