"""Counts of segment members, compared with counts by hand."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import pytest

from dagster_project.audit.segments import membership
from dagster_project.audit.segments.membership import Changes, Members, Size
from dagster_project.home import warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

AS_OF = datetime(2026, 3, 31, 7, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with warehouse.connect(tmp_path / "w.duckdb") as connection:
        connection.execute(
            """
            create schema proposals; create schema contacts; create schema decisions;
            create table proposals.segment_members (segment varchar, contact_id varchar);
            create table contacts.contact_consent (contact_id varchar, consent varchar);
            create table decisions.segment_changes (
                segment varchar, contact_id varchar, change varchar, decided_at timestamptz,
                reason varchar);
            """
        )
        yield connection


def test_members_are_counted_by_consent(connection: duckdb.DuckDBPyConnection):
    connection.execute(
        """
        insert into proposals.segment_members values
            ('a', '1'), ('a', '2'), ('a', '3'), ('a', '4'), ('b', '1');
        insert into contacts.contact_consent values
            ('1', 'opted_in'), ('2', 'opted_out'), ('3', 'unknown'), ('9', 'opted_in');
        """
    )
    assert membership.members(connection) == {"a": Members(1, 1, 2), "b": Members(1, 0, 0)}


def test_merged_and_returned_contacts_do_not_count_as_the_last_entry(
    connection: duckdb.DuckDBPyConnection,
):
    _change(connection, "a", "1", "entered", AS_OF - 40 * DAY)
    _change(connection, "a", "1", "entered", AS_OF - 3 * DAY, "returned")
    _change(connection, "a", "2", "entered", AS_OF - 2 * DAY, "merged")
    assert membership.changes(connection, AS_OF)["a"].last_entered_at == AS_OF - 40 * DAY


def test_changes_are_counted_back_from_the_clock_and_later_changes_are_ignored(
    connection: duckdb.DuckDBPyConnection,
):
    _change(connection, "a", "1", "entered", AS_OF - 30 * DAY)
    _change(connection, "a", "2", "entered", AS_OF - 30 * DAY + TICK)
    _change(connection, "a", "1", "exited", AS_OF - 7 * DAY)
    _change(connection, "a", "2", "exited", AS_OF - 7 * DAY + TICK)
    _change(connection, "a", "3", "entered", AS_OF)
    _change(connection, "a", "4", "entered", AS_OF + TICK)
    assert membership.changes(connection, AS_OF) == {
        "a": Changes(entered_7d=1, exited_7d=1, entered_30d=2, exited_30d=2, last_entered_at=AS_OF)
    }


def test_sizes_have_no_gaps_and_days_are_utc_days(connection: duckdb.DuckDBPyConnection):
    midnight = datetime(2026, 3, 29, tzinfo=UTC)
    for contact, change, at in (
        ("1", "entered", midnight - TICK),
        ("2", "entered", midnight - TICK),
        ("1", "exited", midnight),
        ("1", "entered", midnight + TICK),
        ("2", "exited", AS_OF),
        ("3", "entered", AS_OF + TICK),
    ):
        _change(connection, "a", contact, change, at)
    assert membership.sizes(connection, AS_OF) == {
        "a": [
            Size(date(2026, 3, 28), members=2, entered=2, exited=0),
            Size(date(2026, 3, 29), members=2, entered=1, exited=1),
            Size(date(2026, 3, 30), members=2, entered=0, exited=0),
            Size(date(2026, 3, 31), members=1, entered=0, exited=1),
        ]
    }


def test_common_members_of_pairs_equal_set_intersections(connection: duckdb.DuckDBPyConnection):
    rng = random.Random(7)
    segments = {f"s{n}": {str(c) for c in range(200) if rng.random() < n / 9} for n in range(1, 9)}
    rows = [(name, contact) for name, members in segments.items() for contact in members]
    connection.executemany("insert into proposals.segment_members values (?, ?)", rows)
    expected: dict[tuple[str, str], int] = defaultdict(int)
    for one, other in combinations_with_replacement(segments, 2):
        if common := segments[one] & segments[other]:
            expected[one, other] = len(common)
    assert membership.shared(connection) == expected


def _change(
    connection: duckdb.DuckDBPyConnection,
    segment: str,
    contact: str,
    change: str,
    at: datetime,
    reason: str = "rule",
) -> None:
    connection.execute(
        "insert into decisions.segment_changes values ($segment, $contact, $change, $at, $reason)",
        {"segment": segment, "contact": contact, "change": change, "at": at, "reason": reason},
    )
