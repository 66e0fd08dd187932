"""The results of the audit of the segments."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagster_project.audit.segments.membership import Size

NEAR_DUPLICATE = 0.9
"""Two segments are near-duplicates from this Jaccard index up."""


@dataclass(frozen=True)
class SegmentAudit:
    """One segment at the clock. A reason is None if the segment does not have that problem."""

    segment: str
    kind: str | None
    rule: str | None
    owner: str | None
    review_by: date | None
    members: int | None
    """None if no tick has built the segment."""
    opted_in: int
    """Mailable members. `opted_out` and `unknown` count the other members."""
    opted_out: int
    unknown: int
    entered_7d: int
    exited_7d: int
    entered_30d: int
    exited_30d: int
    last_entered_at: datetime | None
    smallest_open_difference: float | None
    """The smallest increase of the open rate, 0 to 1, that an A/B test on the mailable members can
    show; None if no increase can be shown."""
    smallest_click_difference: float | None
    used_by: list[str]
    """The models that use the segment (example: `sequences/activation`)."""
    thin_reason: str | None
    inputs_reason: str | None
    dead_reason: str | None
    duplicate_reason: str | None
    review_reason: str | None

    @property
    def without_consent(self) -> int:
        """Members that may not be mailed."""
        return self.opted_out + self.unknown

    @property
    def without_consent_share(self) -> float:
        """Share of the members that may not be mailed; 0 without members."""
        return self.without_consent / self.members if self.members else 0.0

    @property
    def findings(self) -> dict[str, str]:
        """The reason of each problem that the segment has."""
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
    """Two segments with common members; `segment` sorts before `other`."""

    segment: str
    other: str
    members: int
    other_members: int
    shared: int

    @property
    def jaccard(self) -> float:
        """Common members divided by the members of either segment (Jaccard index)."""
        return self.shared / (self.members + self.other_members - self.shared)

    @property
    def is_near_duplicate(self) -> bool:
        """Whether one of the two segments is redundant."""
        return self.jaccard >= NEAR_DUPLICATE

    @property
    def subset(self) -> str | None:
        """The smaller segment, if all its members are in the other segment; else None."""
        if self.members == self.other_members or self.shared < min(
            self.members, self.other_members
        ):
            return None
        return self.segment if self.members < self.other_members else self.other


@dataclass(frozen=True)
class SegmentsAudit:
    """The audit of the segments."""

    as_of: datetime
    segments: list[SegmentAudit]
    sizes: dict[str, list[Size]]
    """The days of each segment; a segment without entries is missing."""
    overlaps: list[SegmentOverlap]
    """Pairs with common members, highest Jaccard index first."""

    def as_dict(self) -> dict[str, Any]:
        """The audit as JSON types."""
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


def _json(value: Any) -> Any:  # noqa: ANN401 - any field of a dataclass
    if isinstance(value, date):  # also datetime, a subclass
        return value.isoformat()
    return round(value, 4) if isinstance(value, float) else value
