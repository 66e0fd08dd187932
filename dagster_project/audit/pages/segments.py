"""The page of the audit of the segments: members, changes and problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.audit.pages import site

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagster_project.audit.segments.results import SegmentOverlap, SegmentsAudit
    from dagster_project.home.settings import Settings

WIDTH, HEIGHT = 240, 44
"""The size of a sparkline in pixels."""
_SHOWN_PAIRS = 12


def write(settings: Settings, audit: SegmentsAudit) -> Path:
    """Write `segments.html`."""
    segments = sorted(audit.segments, key=lambda row: (-len(row.findings), row.segment))
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
            name: sum(name in row.findings for row in segments)
            for name in dict.fromkeys(name for row in segments for name in row.findings)
        },
    )


def shown_overlaps(overlaps: Sequence[SegmentOverlap]) -> list[SegmentOverlap]:
    """Keep near-duplicates and subsets, filled up to a dozen pairs by the highest Jaccard index."""
    notable = [pair for pair in overlaps if pair.is_near_duplicate or pair.subset]
    rest = [pair for pair in overlaps if pair not in notable]
    return notable + rest[: max(0, _SHOWN_PAIRS - len(notable))]


def sparkline(members: Sequence[int]) -> str:
    """Return the points of an SVG polyline in WIDTH x HEIGHT; the vertical axis starts at zero."""
    top = max(members, default=0) or 1
    step = WIDTH / max(len(members) - 1, 1)
    line = [*members, members[0]] if len(members) == 1 else members
    return " ".join(
        f"{place * step:.1f},{HEIGHT - 2 - (HEIGHT - 4) * count / top:.1f}"
        for place, count in enumerate(line)
    )
