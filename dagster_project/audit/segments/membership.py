"""Counts of the members of segments: by consent, by change, by day, and in common."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Members:
    """The members of a segment at the clock, by consent."""

    opted_in: int = 0
    opted_out: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class Changes:
    """The entries and exits of a segment up to the clock."""

    entered_7d: int = 0
    exited_7d: int = 0
    entered_30d: int = 0
    exited_30d: int = 0
    last_entered_at: datetime | None = None
    """None without entries by the rule."""


@dataclass(frozen=True)
class Size:
    """The size of a segment at the end of a UTC day, or at the clock on the last day."""

    day: date
    members: int
    entered: int
    exited: int


def members(connection: duckdb.DuckDBPyConnection) -> dict[str, Members]:
    """Count each segment's members by consent."""
    rows = connection.execute(
        """
        select
            segment_members.segment,
            count(*) filter (contact_consent.consent = 'opted_in'),
            count(*) filter (contact_consent.consent = 'opted_out'),
            count(*) filter (coalesce(contact_consent.consent, 'unknown') = 'unknown')
        from proposals.segment_members
        left join contacts.contact_consent
            on segment_members.contact_id = contact_consent.contact_id
        group by segment_members.segment
        """
    ).fetchall()
    return {segment: Members(*counts) for segment, *counts in rows}


def changes(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> dict[str, Changes]:
    """Count each segment's entries and exits in the last 7 and 30 periods of 24 hours."""
    rows = connection.execute(
        """
        select
            segment,
            count(*) filter (change = 'entered' and decided_at > $as_of - interval 7 day),
            count(*) filter (change = 'exited' and decided_at > $as_of - interval 7 day),
            count(*) filter (change = 'entered' and decided_at > $as_of - interval 30 day),
            count(*) filter (change = 'exited' and decided_at > $as_of - interval 30 day),
            max(decided_at) filter (change = 'entered' and reason = 'rule')
        from decisions.segment_changes
        where decided_at <= $as_of
        group by segment
        """,
        {"as_of": as_of},
    ).fetchall()
    return {segment: Changes(*counts) for segment, *counts in rows}


def sizes(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> dict[str, list[Size]]:
    """List the size of each segment for every day from the first entry to the clock."""
    rows = connection.execute(
        """
        with daily as (
            select
                segment,
                cast(timezone('UTC', decided_at) as date) as day,
                count(*) filter (change = 'entered') as entered,
                count(*) filter (change = 'exited') as exited
            from decisions.segment_changes
            where decided_at <= $as_of
            group by segment, day
        ),
        days as (
            select
                segment,
                cast(unnest(generate_series(
                    min(day), cast(timezone('UTC', $as_of) as date), interval 1 day
                )) as date) as day
            from daily
            group by segment
        )
        select
            days.segment,
            days.day,
            cast(sum(coalesce(daily.entered, 0) - coalesce(daily.exited, 0))
                over (partition by days.segment order by days.day) as bigint),
            coalesce(daily.entered, 0),
            coalesce(daily.exited, 0)
        from days
        left join daily on days.segment = daily.segment and days.day = daily.day
        order by days.segment, days.day
        """,
        {"as_of": as_of},
    ).fetchall()
    found: dict[str, list[Size]] = {}
    for segment, *size in rows:
        found.setdefault(segment, []).append(Size(*size))
    return found


def shared(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """Count the common contacts of each pair of segments, in the order of their names.

    The pair of a segment with itself has the size of the segment. Pairs without common contacts are
    missing. The query first counts contacts by their set of segments, then splits the sets into
    pairs: there are thousands of sets, for any number of contacts.
    """
    rows = connection.execute(
        """
        with sets as (
            select list(segment order by segment) as segments
            from proposals.segment_members
            group by contact_id
        ),
        counted as (
            select segments, count(*) as contacts from sets group by segments
        )
        select one.segment, other.segment, cast(sum(counted.contacts) as bigint)
        from counted, unnest(counted.segments) as one(segment),
            unnest(counted.segments) as other(segment)
        where one.segment <= other.segment
        group by all
        order by all
        """
    ).fetchall()
    return {(one, other): contacts for one, other, contacts in rows}
