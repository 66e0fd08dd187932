"""Segment entries and exits when identities and CRM records change as well as events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dagster_project.home import warehouse
from tests.support.home import Home
from tests.support.project_copy import ProjectCopy

if TYPE_CHECKING:
    from pathlib import Path

FIRST = datetime(2026, 3, 1, 8, tzinfo=UTC)
LONG_AGO = FIRST - timedelta(days=100)
DAY = timedelta(days=1)
# All contacts, a contact that does not exist, and a null.
ODD = """
select contact_id from {{ ref('contacts') }}
union all
select 'ghost' as contact_id
union all
select cast(null as varchar) as contact_id
"""
SELECTED = ("+trigger_firings", "+segment_membership")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Four ticks: three contacts are silent; p1 is merged; p2 is deleted in the CRM; p2 returns."""
    folder = tmp_path_factory.mktemp("changes")
    project = ProjectCopy(folder / "project", is_lean=True)
    segment = project.folder / "models/segments/odd.sql"
    segment.write_text(ODD, encoding="utf-8")
    silent = (project.folder / "models/segments/b2b/silent.yml").read_text(encoding="utf-8")
    segment.with_suffix(".yml").write_text(
        silent.partition("unit_tests:")[0].replace("silent", "odd"), encoding="utf-8"
    )
    home = Home(folder / "home", SENDHOUSE_PROJECT_DIR=str(project.folder))
    people = [{"contact_id": f"p{n}", "email": f"p{n}@example.org"} for n in (1, 2, 3)]
    _export(home, 0, people)
    home.land(
        "events/0.jsonl",
        [_event(f"e{key}", key, "logged_in", LONG_AGO) for key in ("p1", "p2", "p3", "u1")],
    )
    home.decide(FIRST, *SELECTED)
    _export(home, 1, [people[0] | {"external_id": "u1"}])
    home.decide(FIRST + DAY, *SELECTED)
    _export(home, 2, [people[1] | {"is_deleted": "true"}])
    home.decide(FIRST + 2 * DAY, *SELECTED)
    _export(home, 3, [people[1] | {"is_deleted": "false"}])
    home.decide(FIRST + 3 * DAY, *SELECTED)
    return home


def _export(home: Home, number: int, rows: list[dict[str, str]]) -> None:
    home.land(f"crm/standard/contacts/{number}.jsonl", rows)


def _event(event_id: str, key: str, name: str, at: datetime) -> dict[str, Any]:
    return {"event_id": event_id, "contact_key": key, "name": name, "occurred_at": at}


def test_merges_deletions_and_returns_are_recorded_with_their_reasons(
    home: Home,
):
    changes = home.rows(
        """select contact_id, change, reason, decided_at from decisions.segment_changes
        where segment = 'silent' and decided_at > (select min(decided_at) from
            decisions.segment_changes) order by decided_at"""
    )
    [(merged, *change, at), *others] = changes
    assert (merged not in ("p1", "p2", "p3"), change, at) == (
        True,
        ["exited", "merged"],
        FIRST + DAY,
    )
    assert others == [
        ("p2", "exited", "ended", FIRST + 2 * DAY),
        ("p2", "entered", "returned", FIRST + 3 * DAY),
    ]


def test_merges_deletions_and_returns_fire_no_trigger(home: Home):
    fired = home.rows(
        """select trigger, count(*), max(decided_at) from decisions.trigger_firings
        where trigger in ('came_back', 'went_silent') group by all"""
    )
    assert fired == [("went_silent", 4, FIRST)]


def test_only_contacts_that_exist_are_members(home: Home):
    query = "select contact_id from segments.membership where segment = 'odd' and exited_at is null"
    assert sorted(home.rows(query)) == [("p1",), ("p2",), ("p3",)]
    assert home.rows(
        "select count(*) from decisions.segment_changes where contact_id = 'ghost'"
    ) == [(0,)]
    # While p2 was deleted in the CRM, p2 was in no segment.
    memberships = home.rows(
        """select entered_at, exited_at from segments.membership
        where segment = 'odd' and contact_id = 'p2' order by all"""
    )
    assert memberships == [(FIRST, FIRST + 2 * DAY), (FIRST + 3 * DAY, None)]


def test_keys_decided_by_a_dead_tick_at_the_instant_of_the_previous_tick_are_used(home: Home):
    at = FIRST + 4 * DAY
    home.decide(at, *SELECTED)
    home.land("events/bob.jsonl", [_event("bob", "bob@example.org", "signed_up", at - DAY)])
    home.decide(at, "+contact_keys")
    home.decide(at + DAY, *SELECTED)
    assert home.rows("select count(*) from contacts.contacts where email = 'bob@example.org'") == [
        (1,)
    ]


def test_decisions_built_without_their_triggers_lose_no_event(home: Home):
    at = FIRST + 6 * DAY
    home.land("events/eve.jsonl", [_event("eve", "eve@example.org", "signed_up", at - DAY)])
    fired = "select count(*) from decisions.trigger_firings where evidence->>'event_id' = 'eve'"
    home.decide(at, "trigger_rearms", "trigger_firings")
    assert home.rows(fired) == [(0,)]
    home.decide(at + timedelta(hours=1), *SELECTED)
    assert home.rows(fired) == [(1,)]


def test_an_unknown_time_zone_stops_no_trigger(home: Home):
    at = FIRST + 8 * DAY
    born = f"1990-{at:%m-%d}"
    people = [
        {"contact_id": "mars", "email": "m@example.org", "timezone": "Mars/Phobos"},
        {"contact_id": "rome", "email": "r@example.org", "timezone": "europe/rome"},
    ]
    _export(home, 8, [person | {"birthday": born} for person in people])
    home.decide(at + timedelta(hours=2), *SELECTED)
    assert home.rows("select timezone from contacts.contacts where contact_id = 'rome'") == [
        ("Europe/Rome",)
    ]
    fired = home.rows(
        "select contact_id, fired_at from decisions.trigger_firings where trigger = 'birthday' "
        "order by all"
    )
    assert fired == [("mars", at + timedelta(hours=1)), ("rome", at)]


def test_a_deleted_contact_with_a_new_event_returns_and_then_leaves_by_the_rule(home: Home):
    """The CRM deletes a silent contact and an event restores it: its exit fires the trigger."""
    at = FIRST + 10 * DAY
    _export(home, 10, [{"contact_id": "p3", "email": "p3@example.org", "is_deleted": "true"}])
    home.decide(at, *SELECTED)
    home.land("events/back.jsonl", [_event("back", "p3", "logged_in", at + timedelta(hours=1))])
    home.decide(at + DAY, *SELECTED)
    changes = home.rows(
        """select change, reason, decided_at from decisions.segment_changes
        where segment = 'silent' and contact_id = 'p3' and ordinal > 1 order by ordinal"""
    )
    assert changes == [
        ("exited", "ended", at),
        ("entered", "returned", at + DAY),
        ("exited", "rule", at + DAY),
    ]
    fired = home.rows(
        "select contact_id, fired_at from decisions.trigger_firings where trigger = 'came_back'"
    )
    assert fired == [("p3", at + DAY)]


def test_an_undone_merge_restores_both_contacts_and_fires_no_trigger(home: Home):
    at = FIRST + 12 * DAY
    twins = [{"contact_id": f"twin{n}", "email": f"twin{n}@example.org"} for n in (1, 2)]
    _export(home, 12, twins)
    home.land(
        "events/twins.jsonl",
        [_event(twin["contact_id"], twin["contact_id"], "logged_in", LONG_AGO) for twin in twins],
    )
    home.decide(at, *SELECTED)
    merged = [{"contact_id": "twin2", "merged_into": "twin1"}]
    home.land("crm/standard/contact_merges/1.jsonl", merged)
    home.decide(at + DAY, *SELECTED)
    assert home.rows("select count(*) from contacts.contacts where contact_id like 'twin%'") == [
        (1,)
    ]
    home.land("crm/standard/contact_merges/2.jsonl", [merged[0] | {"merged_into": ""}])
    home.decide(at + 2 * DAY, *SELECTED)
    changes = home.rows(
        """select contact_id, change, reason from decisions.segment_changes
        where segment = 'silent' and contact_id like 'twin%' and decided_at > (
            select max(decided_at) from decisions.segment_changes where change_id in (
                select change_id from decisions.segment_changes
                where contact_id like 'twin%' and ordinal = 1))
        order by ordinal"""
    )
    assert changes == [("twin2", "exited", "merged"), ("twin2", "entered", "returned")]
    fired = home.rows(
        """select count(*) from decisions.trigger_firings
        where trigger = 'went_silent' and contact_id like 'twin%'"""
    )
    assert fired == [(2,)]


def test_a_warehouse_without_change_reasons_gets_the_reason_rule(tmp_path: Path):
    path = tmp_path / "warehouse.duckdb"
    warehouse.create(path)
    with warehouse.connect(path) as connection:
        connection.execute("alter table decisions.segment_changes drop column reason")
        connection.execute(
            "insert into decisions.segment_changes values ('i', 's', 'a', 'entered', 1, $at)",
            {"at": FIRST},
        )
    warehouse.create(path)
    with warehouse.connect(path) as connection:
        assert connection.execute(
            "select contact_id, reason from decisions.segment_changes"
        ).fetchall() == [("a", "rule")]
