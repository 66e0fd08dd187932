"""The page about the segments: who is in them, how that changed, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.audit.pages import site

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagster_project.audit.segment_model import SegmentOverlap, SegmentsAudit
    from dagster_project.home.settings import Settings

WIDTH, HEIGHT = 240, 44
"""Of a sparkline, in pixels."""
_SHOWN_PAIRS = 12


def write(settings: Settings, audit: SegmentsAudit) -> Path:
    """Write `segments.html`."""
    segments = sorted(audit.segments, key=lambda one: (-len(one.findings), one.segment))
    return site.write(
        settings,
        "segments",
        audit.as_of,
        segments=segments,
        sizes=audit.sizes,
        sparklines={
            segment: sparkline([size.members for size in sizes])
            for segment, sizes in audit.sizes.items()
        },
        width=WIDTH,
        height=HEIGHT,
        overlaps=shown_overlaps(audit.overlaps),
        findings={
            name: sum(name in one.findings for one in segments)
            for name in dict.fromkeys(name for one in segments for name in one.findings)
        },
    )


def shown_overlaps(overlaps: Sequence[SegmentOverlap]) -> list[SegmentOverlap]:
    """Keep what says something: near-duplicates, subsets, and the most alike up to a dozen."""
    telling = [pair for pair in overlaps if pair.is_near_duplicate or pair.subset]
    rest = [pair for pair in overlaps if pair not in telling]
    return telling + rest[: max(0, _SHOWN_PAIRS - len(telling))]


def sparkline(members: Sequence[int]) -> str:
    """Lay a line of daily sizes into WIDTH x HEIGHT: points of an SVG polyline, from nought up."""
    top = max(members, default=0) or 1
    step = WIDTH / max(len(members) - 1, 1)
    line = [*members, members[0]] if len(members) == 1 else members
    return " ".join(
        f"{place * step:.1f},{HEIGHT - 2 - (HEIGHT - 4) * count / top:.1f}"
        for place, count in enumerate(line)
    )
