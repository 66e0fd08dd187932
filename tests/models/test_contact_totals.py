"""Totals of contacts that ticks add to are those that are made at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.support.home import Home, Rows

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_totals_of_who_acts_and_of_who_gets_or_loses_a_key_within_a_day(tmp_path: Path):
    home = Home(tmp_path)
    home.land("crm/standard/contacts/0.jsonl", [_person("p1"), _person("p2")])
    home.land("events/0.jsonl", [_event("e1", "u1"), _event("e2", "p1"), _event("e3", "p2")])
    home.decide(NOON, "+contact_totals")
    assert _events_of(home) == {"p1": 1, "p2": 1, "u1": 1}

    # Nobody does anything, and u1 turns out to be p1.
    home.land("crm/standard/contacts/1.jsonl", [_person("p1", external_id="u1")])
    home.decide(NOON + HOUR, "+contact_totals")
    assert _events_of(home) == {"p1": 2, "p2": 1}

    # A tick builds it alone and dies: what the next one learns has still arrived.
    home.land("events/1.jsonl", [_event("e4", "p2")])
    home.decide(NOON + 2 * HOUR, "contact_totals")
    assert _events_of(home) == {"p1": 2, "p2": 1}
    home.decide(NOON + 3 * HOUR, "+contact_totals")
    assert _events_of(home) == {"p1": 2, "p2": 2}

    kept = _totals(home)
    home.rows("drop table activity.contact_totals")
    home.decide(NOON + 3 * HOUR, "+contact_totals")
    assert _totals(home) == kept


def _events_of(home: Home) -> dict[str, int]:
    return dict(home.rows("select contact_id, events_30d from activity.contact_totals"))


def _totals(home: Home) -> Rows:
    return home.rows("from activity.contact_totals order by all")


def _person(contact_id: str, **more: str) -> dict[str, str]:
    return {"contact_id": contact_id, "email": f"{contact_id}@example.org", **more}


def _event(event_id: str, who: str) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "contact_key": who,
        "name": "logged_in",
        "occurred_at": NOON - 2 * HOUR,
    }
