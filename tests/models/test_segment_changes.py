"""Who comes into a segment and who goes, where identities and the CRM move as well as data."""

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
# Whoever a tick knows, whoever is not there, and nobody.
ODD = """
select contact_id from {{ ref('contacts') }}
union all
select 'ghost' as contact_id
union all
select cast(null as varchar) as contact_id
"""
SELECTED = ("+trigger_firings", "+membership")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Four ticks: three silent people; one turns out to be another; one is let go; and is back."""
    folder = tmp_path_factory.mktemp("changes")
    project = ProjectCopy(folder / "project")
    segment = project.folder / "models/segments/odd.sql"
    segment.write_text(ODD, encoding="utf-8")
    told = (project.folder / "models/segments/silent.yml").read_text(encoding="utf-8")
    segment.with_suffix(".yml").write_text(
        told.partition("unit_tests:")[0].replace("silent", "odd"), encoding="utf-8"
    )
    home = Home(folder / "home", SENDHOUSE_PROJECT_DIR=str(project.folder))
    people = [{"contact_id": f"p{n}", "email": f"p{n}@example.org"} for n in (1, 2, 3)]
    _export(home, 0, people)
    home.land(
        "events/0.jsonl",
        [_event(f"e{who}", who, "logged_in", LONG_AGO) for who in ("p1", "p2", "p3", "u1")],
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


def test_who_turns_out_to_be_another_has_not_left_and_who_is_told_of_again_has_not_come(
    home: Home,
):
    changes = home.rows(
        """select contact_id, change, reason, decided_at from decisions.segment_changes
        where segment = 'silent' and decided_at > (select min(decided_at) from
            decisions.segment_changes) order by decided_at"""
    )
    [(merged, *said, at), *others] = changes
    assert (merged not in ("p1", "p2", "p3"), said, at) == (True, ["exited", "merged"], FIRST + DAY)
    assert others == [
        ("p2", "exited", "ended", FIRST + 2 * DAY),
        ("p2", "entered", "returned", FIRST + 3 * DAY),
    ]


def test_no_trigger_takes_them_for_news(home: Home):
    fired = home.rows(
        """select trigger, count(*), max(decided_at) from decisions.trigger_firings
        where trigger in ('came_back', 'went_silent') group by all"""
    )
    assert fired == [("went_silent", 4, FIRST)]


def test_members_are_people_who_are_here_whatever_a_segment_says(home: Home):
    query = "select contact_id from segments.membership where segment = 'odd' and exited_at is null"
    assert sorted(home.rows(query)) == [("p1",), ("p2",), ("p3",)]
    assert home.rows(
        "select count(*) from decisions.segment_changes where contact_id = 'ghost'"
    ) == [(0,)]
    # While p2 was let go, it was in no segment.
    stays = home.rows(
        """select entered_at, exited_at from segments.membership
        where segment = 'odd' and contact_id = 'p2' order by all"""
    )
    assert stays == [(FIRST, FIRST + 2 * DAY), (FIRST + 3 * DAY, None)]


def test_what_a_tick_decided_before_it_died_at_the_instant_of_the_last_one_is_taken_in(home: Home):
    at = FIRST + 4 * DAY
    home.decide(at, *SELECTED)
    home.land("events/bob.jsonl", [_event("bob", "bob@example.org", "signed_up", at - DAY)])
    home.decide(at, "+contact_keys")
    home.decide(at + DAY, *SELECTED)
    assert home.rows("select count(*) from contacts.contacts where email = 'bob@example.org'") == [
        (1,)
    ]


def test_decisions_built_alone_lose_no_event_that_no_trigger_has_looked_at(home: Home):
    at = FIRST + 6 * DAY
    home.land("events/eve.jsonl", [_event("eve", "eve@example.org", "signed_up", at - DAY)])
    fired = "select count(*) from decisions.trigger_firings where evidence->>'event_id' = 'eve'"
    home.decide(at, "trigger_rearms", "trigger_firings")
    assert home.rows(fired) == [(0,)]
    home.decide(at + timedelta(hours=1), *SELECTED)
    assert home.rows(fired) == [(1,)]


def test_a_time_zone_that_is_none_stops_no_trigger(home: Home):
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


def test_who_was_let_go_and_comes_back_by_itself_goes_on_where_it_was(home: Home):
    """Deleted while silent, and an event brings it back: it leaves by the rule, which is news."""
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


def test_two_who_were_merged_by_mistake_are_two_again_and_nobody_came(home: Home):
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


def test_a_warehouse_that_was_made_before_segments_said_why_says_the_rule(tmp_path: Path):
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
