"""The audit of all segments: too small, stale inputs, unused, near-duplicates, overdue reviews."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

from dagster_project.audit import lineage
from dagster_project.audit.catalog import columns
from dagster_project.audit.crm.segment_features import segment_features
from dagster_project.audit.segments import membership
from dagster_project.audit.segments.membership import Changes, Members
from dagster_project.audit.segments.results import SegmentAudit, SegmentOverlap, SegmentsAudit
from dagster_project.audit.segments.significance import smallest_difference
from dagster_project.home import warehouse
from dagster_project.landing.errors import KindError
from dagster_project.landing.shapes.kinds import parse_kind
from dagster_project.project.segment_contract import review_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from dagster_project.home.settings import Settings

DEFAULTS = {
    "dead_segment_days": 90.0,
    "base_open_percent": 20.0,
    "base_click_percent": 3.0,
    "thin_segment_points": 10.0,
}
"""The defaults of the parameters."""


def audit_segments(
    connection: duckdb.DuckDBPyConnection, settings: Settings, manifest: Mapping[str, Any]
) -> SegmentsAudit:
    """Audit every segment of the project as of the last tick.

    Args:
        connection: the warehouse; nothing is written.
        settings: the installation.
        manifest: the dbt manifest.

    """
    clock = warehouse.read_clock(connection)
    as_of = clock.now() if clock else datetime.now(UTC)
    parameters = DEFAULTS | settings.parameters
    is_built = bool(columns(connection, "proposals", "segment_members"))
    members = membership.members(connection) if is_built else {}
    overlaps = _overlaps(membership.shared(connection)) if is_built else []
    has_changed = bool(columns(connection, "decisions", "segment_changes"))
    changes = membership.changes(connection, as_of) if has_changed else {}
    stale_tables = _stale_tables(connection, settings)
    lacking: dict[str, list[str]] = {}
    for row in segment_features(connection, manifest):
        if row.problem:
            lacking.setdefault(row.segment, []).append(f"{row.feature}: {row.problem}")
    audited: list[SegmentAudit] = []
    for node in lineage.segment_nodes(manifest):
        name = node["name"]
        fed_by = lineage.raw_tables(manifest, node)
        stale = [reason for table in sorted(fed_by) for reason in stale_tables.get(table, [])]
        audited.append(
            judge(
                name,
                node["config"].get("meta", {}),
                members.get(name, Members()) if _exists(connection, node) else None,
                changes.get(name, Changes()),
                as_of=as_of,
                used_by=lineage.users(manifest, node),
                inputs=[*dict.fromkeys(stale), *lacking.get(name, [])],
                overlaps=overlaps,
                parameters=parameters,
            )
        )
    return SegmentsAudit(
        as_of=as_of,
        segments=audited,
        sizes=membership.sizes(connection, as_of) if has_changed else {},
        overlaps=overlaps,
    )


def judge(
    name: str,
    meta: Mapping[str, Any],
    members: Members | None,
    changes: Changes,
    *,
    as_of: datetime,
    used_by: list[str],
    inputs: list[str],
    overlaps: list[SegmentOverlap],
    parameters: Mapping[str, float],
) -> SegmentAudit:
    """Audit one segment.

    Args:
        name: the segment's name.
        meta: the segment's `config.meta`.
        members: the members at the clock; None if no tick has built the segment.
        changes: the changes up to the clock.
        as_of: the clock.
        used_by: the models that use the segment.
        inputs: the problems of the segment's inputs.
        overlaps: the overlaps of all segments.
        parameters: `dead_segment_days`, `base_open_percent`, `base_click_percent` and
            `thin_segment_points`.

    """
    mailable = members.opted_in if members else 0
    opens, clicks = (
        smallest_difference(mailable, parameters[rate] / 100)
        for rate in ("base_open_percent", "base_click_percent")
    )
    review_by = review_day(meta.get("review_by"))
    return SegmentAudit(
        segment=name,
        kind=meta.get("kind"),
        rule=str(meta["rule"]).strip() if meta.get("rule") else None,
        owner=meta.get("owner"),
        review_by=review_by,
        members=members.opted_in + members.opted_out + members.unknown if members else None,
        opted_in=mailable,
        opted_out=members.opted_out if members else 0,
        unknown=members.unknown if members else 0,
        entered_7d=changes.entered_7d,
        exited_7d=changes.exited_7d,
        entered_30d=changes.entered_30d,
        exited_30d=changes.exited_30d,
        last_entered_at=changes.last_entered_at,
        smallest_open_difference=opens,
        smallest_click_difference=clicks,
        used_by=used_by,
        thin_reason=_thin(mailable, opens, clicks, parameters) if members else None,
        inputs_reason="; ".join(inputs) or None,
        dead_reason=_dead(members, changes, as_of, used_by, parameters["dead_segment_days"]),
        duplicate_reason="; ".join(_duplicates(name, overlaps)) or None,
        review_reason=(
            f"the review was due on {review_by}"
            if review_by is not None and review_by < as_of.date()
            else None
        ),
    )


def _thin(
    mailable: int, opens: float | None, clicks: float | None, parameters: Mapping[str, float]
) -> str | None:
    """Explain why the segment is too small for an A/B test; None if it is large enough."""
    if opens is not None and 100 * opens <= parameters["thin_segment_points"]:
        return None
    if mailable < 2:
        return "only 1 mailable member" if mailable else "no mailable members"
    if opens is None:
        return f"an A/B test on {mailable:,} mailable members cannot show a difference in opens"
    rate, points = parameters["base_open_percent"], ceil(100 * opens)
    reason = (
        f"an A/B test on {mailable:,} mailable members needs a difference of at least {points} "
        f"points in opens ({rate:g} % against {rate + points:g} %)"
    )
    return reason if clicks is None else f"{reason}, {ceil(100 * clicks)} in clicks"


def _dead(
    members: Members | None, changes: Changes, as_of: datetime, used_by: list[str], days: float
) -> str | None:
    reasons: list[str] = []
    last = changes.last_entered_at
    if members is not None and last is None:
        reasons.append("no contact has ever entered")
    elif members is not None and last is not None and last < as_of - timedelta(days=days):
        reasons.append(f"no contact has entered since {last:%Y-%m-%d}")
    if not used_by:
        reasons.append("no sequence, broadcast, trigger, score or segment uses it")
    return "; ".join(reasons) or None


def _duplicates(name: str, overlaps: list[SegmentOverlap]) -> list[str]:
    return [
        f"{pair.jaccard:.0%} common members with {other}"
        for pair in overlaps
        if pair.is_near_duplicate and name in (pair.segment, pair.other)
        for other in {pair.segment, pair.other} - {name}
    ]


def _overlaps(shared: Mapping[tuple[str, str], int]) -> list[SegmentOverlap]:
    pairs = [
        SegmentOverlap(one, other, shared[one, one], shared[other, other], contacts)
        for (one, other), contacts in shared.items()
        if one != other
    ]
    return sorted(pairs, key=lambda pair: (-pair.jaccard, pair.segment, pair.other))


def _stale_tables(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> dict[str, list[str]]:
    """List the overdue sources by the table under `raw` that they feed."""
    if not columns(connection, "ledger", "source_freshness"):
        return {}
    rows = connection.execute(
        "select kind, last_landed_at from ledger.source_freshness where is_stale order by kind"
    ).fetchall()
    found: dict[str, list[str]] = {}
    for kind, last_landed_at in rows:
        try:
            table = parse_kind(kind, settings.sources).table
        except KindError:
            continue  # a source that was removed from the settings
        reason = f"no file since {last_landed_at:%Y-%m-%d}" if last_landed_at else "no file yet"
        found.setdefault(table, []).append(f"{kind}: {reason}")
    return found


def _exists(connection: duckdb.DuckDBPyConnection, node: Mapping[str, Any]) -> bool:
    return bool(columns(connection, node["schema"], node["alias"]))
