"""The findings of one segment, at the boundary of each rule."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dagster_project.audit.segments.audit import DEFAULTS, judge
from dagster_project.audit.segments.membership import Changes, Members
from dagster_project.audit.segments.results import SegmentAudit, SegmentOverlap

AS_OF = datetime(2026, 3, 31, 7, tzinfo=UTC)
RECENT = Changes(last_entered_at=AS_OF)
MANY = Members(opted_in=10_000)


def test_a_large_used_segment_with_recent_entries_has_no_findings():
    assert _judge().findings == {}


def test_too_thin_counts_only_mailable_members_and_names_the_smallest_difference():
    found = _judge(members=Members(opted_in=40, opted_out=900, unknown=60))
    assert (found.members, found.without_consent) == (1000, 960)
    assert found.without_consent_share == pytest.approx(0.96)
    assert found.findings == {
        "too thin": "an A/B test on 40 mailable members needs a difference of at least 43 points "
        "in opens (20 % against 63 %), 35 in clicks"
    }


@pytest.mark.parametrize(("mailable", "is_thin"), [(586, True), (588, False)])
def test_a_segment_is_too_thin_below_the_size_for_thin_segment_points(mailable: int, is_thin: bool):
    thin = _judge(members=Members(opted_in=mailable)).thin_reason
    assert (thin is not None) is is_thin


@pytest.mark.parametrize(
    ("mailable", "reason"),
    [
        (0, "no mailable members"),
        (1, "only 1 mailable member"),
        (4, "an A/B test on 4 mailable members cannot show a difference in opens"),
    ],
)
def test_a_test_on_a_handful_of_members_shows_nothing(mailable: int, reason: str):
    found = _judge(members=Members(opted_in=mailable))
    assert (found.thin_reason, found.smallest_open_difference) == (reason, None)


@pytest.mark.parametrize(
    ("last_entered_at", "reason"),
    [
        (AS_OF - timedelta(days=90), None),
        (
            AS_OF - timedelta(days=90, microseconds=1),
            "no contact has entered since 2025-12-31",
        ),
        (None, "no contact has ever entered"),
    ],
)
def test_a_segment_without_recent_entries_is_dead(
    last_entered_at: datetime | None, reason: str | None
):
    assert _judge(changes=Changes(last_entered_at=last_entered_at)).dead_reason == reason


def test_an_unused_segment_is_dead():
    reason = "no sequence, broadcast, trigger, score or segment uses it"
    assert _judge(used_by=[]).dead_reason == reason


def test_a_segment_that_no_tick_has_built_has_no_findings_about_members():
    found = _judge(members=None, changes=Changes())
    assert (found.members, found.findings) == (None, {})


@pytest.mark.parametrize(
    ("review_by", "reason"),
    [
        ("2026-03-31", None),
        (date(2026, 3, 30), "the review was due on 2026-03-30"),
        (None, None),  # reported by the contract
    ],
)
def test_a_review_is_overdue_from_the_day_after(review_by: Any, reason: str | None):
    assert _judge(meta={"review_by": review_by}).review_reason == reason


def test_near_duplicates_begin_at_a_jaccard_index_of_nine_tenths():
    pair = SegmentOverlap("other", "x", members=10, other_members=9, shared=9)
    less = SegmentOverlap("third", "x", members=1000, other_members=899, shared=899)
    assert (pair.jaccard, pair.is_near_duplicate, pair.subset) == (0.9, True, "x")
    assert (less.is_near_duplicate, less.subset) == (False, "x")
    found = _judge(overlaps=[pair, less])
    assert found.duplicate_reason == "90% common members with other"
    assert _judge(name="third", overlaps=[pair, less]).duplicate_reason is None


@pytest.mark.parametrize(
    ("members", "others", "shared", "subset"),
    [(3, 5, 3, "a"), (5, 3, 3, "b"), (3, 3, 3, None), (3, 5, 2, None)],
)
def test_a_subset_is_the_smaller_segment_with_all_members_in_the_other(
    members: int, others: int, shared: int, subset: str | None
):
    assert SegmentOverlap("a", "b", members, others, shared).subset == subset


def test_problems_of_inputs_are_findings():
    found = _judge(inputs=["shop: no file since 2026-03-01", "seats: empty"])
    assert found.findings == {"inputs": "shop: no file since 2026-03-01; seats: empty"}


def _judge(
    *,
    name: str = "x",
    meta: dict[str, Any] | None = None,
    members: Members | None = MANY,
    changes: Changes = RECENT,
    used_by: list[str] | None = None,
    inputs: list[str] | None = None,
    overlaps: list[SegmentOverlap] | None = None,
) -> SegmentAudit:
    return judge(
        name,
        meta or {},
        members,
        changes,
        as_of=AS_OF,
        used_by=["sequences/s"] if used_by is None else used_by,
        inputs=inputs or [],
        overlaps=overlaps or [],
        parameters=DEFAULTS,
    )
