"""Totals that ticks extend equal totals that one build computes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.support.home import Home, Rows

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_totals_follow_new_events_and_contacts_that_gain_or_lose_a_key_within_a_day(tmp_path: Path):
    home = Home(tmp_path)
    home.land("crm/standard/contacts/0.jsonl", [_person("p1"), _person("p2")])
    home.land("events/0.jsonl", [_event("e1", "u1"), _event("e2", "p1"), _event("e3", "p2")])
    home.decide(NOON, "+contact_totals")
    assert _events_of(home) == {"p1": 1, "p2": 1, "u1": 1}

    # No event is new; the CRM export gives p1 the key u1.
    home.land("crm/standard/contacts/1.jsonl", [_person("p1", external_id="u1")])
    home.decide(NOON + HOUR, "+contact_totals")
    assert _events_of(home) == {"p1": 2, "p2": 1}

    # A tick builds contact_totals alone and dies: the next tick still counts the new event.
    home.land("events/1.jsonl", [_event("e4", "p2")])
    home.decide(NOON + 2 * HOUR, "contact_totals")
    assert _events_of(home) == {"p1": 2, "p2": 1}
    home.decide(NOON + 3 * HOUR, "+contact_totals")
    assert _events_of(home) == {"p1": 2, "p2": 2}

    before = _totals(home)
    home.rows("drop table activity.contact_totals")
    home.decide(NOON + 3 * HOUR, "+contact_totals")
    assert _totals(home) == before


def _events_of(home: Home) -> dict[str, int]:
    return dict(home.rows("select contact_id, events_30d from activity.contact_totals"))


def _totals(home: Home) -> Rows:
    return home.rows("from activity.contact_totals order by all")


def _person(contact_id: str, **more: str) -> dict[str, str]:
    return {"contact_id": contact_id, "email": f"{contact_id}@example.org", **more}


def _event(event_id: str, contact_key: str) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "contact_key": contact_key,
        "name": "logged_in",
        "occurred_at": NOON - 2 * HOUR,
    }
