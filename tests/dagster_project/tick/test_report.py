"""The report of a tick says what was due and did not leave: number, reason, and where to look."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from dagster_project.tick.report import NotDone, TickReport, not_done
from senders.dispatch import DispatchReport, Problem

AS_OF = datetime(2026, 3, 2, 8, tzinfo=UTC)


def report(**changes):
    nothing = {"landed": {}, "decided": {}, "stopped": {}, "dispatched": {}}
    return TickReport(as_of=AS_OF, unknown=0, seconds=1.0, **(nothing | changes))


@pytest.mark.parametrize(
    ("skipped", "expected"),
    [
        ("expired", ("expired", "too late to be sent", "delivery.send_gates")),
        ("journal", ("skipped", "tried already, or another dispatcher tries it", "raw.attempts")),
        (
            "held for the next tick: unsubscribed",
            ("held", "unsubscribed", "delivery.send_queue"),
        ),
        (
            "google refused 10 messages in a row",
            ("paused", "google refused 10 messages in a row", "raw.attempts"),
        ),
    ],
)
def test_a_skipped_send_is_reported_with_its_reason(skipped, expected):
    what, reason, where = expected
    found = not_done(DispatchReport(skipped=Counter({skipped: 3})))
    assert found == [NotDone(what, 3, reason, where)]


def test_failed_and_rejected_sends_are_reported_by_reason_and_the_rest_together():
    problems = [
        *(Problem(f"a{n}", "failed", "the template is wrong") for n in range(3)),
        *(Problem(f"b{n}", "rejected", f"550 reason {n}") for n in range(9)),
        Problem("c", "unknown", "the server closed the connection"),
        Problem("d", "failed", None),
    ]
    found = not_done(DispatchReport(problems=problems))
    assert [(one.what, one.number) for one in found] == [
        *[("rejected", 1)] * 5,
        ("rejected", 4),
        ("failed", 3),
        ("failed", 1),
    ]
    assert [one.reason for one in found[5:]] == [
        "other reasons",
        "the template is wrong",
        "no detail",
    ]
    assert {one.where for one in found} == {"raw.attempts"}


def test_the_lines_and_the_json_say_what_was_not_done():
    ticked = report(
        not_done=[NotDone("held", 1200, "crm/hubspot/contact landed", "delivery.send_queue")],
        unread=2,
    )
    assert (
        "held       1,200: crm/hubspot/contact landed (see delivery.send_queue)" in ticked.lines()
    )
    [unread] = [line for line in ticked.lines() if line.startswith("unread     2 files")]
    assert "`sendhouse tick` without --as-of" in unread
    assert ticked.as_dict()["not_done"] == [
        {
            "what": "held",
            "number": 1200,
            "reason": "crm/hubspot/contact landed",
            "where": "delivery.send_queue",
        }
    ]


def test_a_tick_that_left_nothing_undone_has_no_such_line():
    lines = report().lines()
    assert [line.split()[0] for line in lines] == [
        "tick", "landed", "decided", "stopped", "dispatched",
    ]  # fmt: skip
