"""The contact history on any past day, and the effects of a contact's deletion in the CRM."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dagster_project.home.settings import PROJECT_DIR
from dagster_project.project import dbt
from dagster_project.tick import stages
from dagster_project.tick.stages import Stage
from tests.support.home import Home
from tests.support.small_company import SECOND

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.home import Rows

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
SNAPSHOTS = """
[sources.people]
as = "crm/standard/contacts"
snapshot = "full"
max_loss = 100
"""
IDENTITY = ("decisions.contact_keys", "decisions.contact_merges")
HISTORY_COLUMNS = (
    "crm_id, contact_id, email, first_name, job_title, company_id, marketing_consent, "
    "external_id, change, is_ended, valid_from"
)


def test_any_past_day_can_be_read_from_the_history(tmp_path: Path):
    home = Home(tmp_path / "home")
    days = [
        {"a": {"job_title": "Cook"}, "b": {}, "c": {"company_id": "k"}, "d": {}},
        # b is missing: gone. a has a new address and no job title; c has an empty company.
        {"a": {"email": "a.new@x.example"}, "c": {"company_id": ""}, "d": {}},
        {"a": {"job_title": "Chef"}, "b": {"external_id": "u1"}, "d": {"is_deleted": "true"}},
        {
            "a": {"job_title": ""},
            "b": {},
            "c": {"marketing_consent": "false"},
            "d": {"is_deleted": "false"},
        },
    ]
    seen: list[Rows] = []
    for day, people in enumerate(days):
        rows = [{"contact_id": name, **_person(name), **row} for name, row in people.items()]
        home.land(f"people/{day}.jsonl", rows)
        _build_contacts(home, START + day * DAY)
        seen.append(home.rows(_CURRENT))
    changes = home.rows(
        "select crm_id, list(change order by valid_from) from contacts.contact_history group by all"
    )
    assert dict(changes) == {
        "a": ["first", "changed", "changed", "changed"],
        "b": ["first", "gone", "returned"],
        "c": ["first", "changed", "gone", "returned"],
        "d": ["first", "deleted", "returned"],
    }

    for day, known in enumerate(seen):
        at = (START + day * DAY).isoformat()
        assert home.rows(_AS_OF.format(at=at)) == known, at
        # A build from all landed files, with the clock at that day, gives the same rows.
        rebuilt = Home(tmp_path / f"rebuilt-{day}")
        shutil.copytree(home.folder, rebuilt.folder)
        for table in ("control.clock", "control.builds", *IDENTITY):
            rebuilt.rows(f"delete from {table}")
        _build_contacts(rebuilt, START + day * DAY)
        assert rebuilt.rows(_CURRENT) == known, at
    current = "select crm_id, job_title, email, ended_at is not null from contacts.contacts"
    assert home.rows(f"{current} order by all") == [
        ("a", None, "a@x.example", False),
        ("b", None, "b@x.example", False),
        ("c", None, "c@x.example", False),
        ("d", None, "d@x.example", False),
    ]


def test_a_merge_in_the_crm_applies_until_the_crm_undoes_it(tmp_path: Path):
    home = Home(tmp_path / "home")
    people = [{"contact_id": name, **_person(name)} for name in ("loser", "winner")]
    home.land("crm/standard/contacts/people.jsonl", people)
    home.land("events/before.jsonl", [_event("opened_app", name) for name in ("loser", "winner")])
    _build_contacts(home, START)
    assert _contact_by_key(home) == {"loser": "loser", "winner": "winner"}

    home.land("crm/standard/contact_merges/1.jsonl", [_merge("loser", "winner")])
    home.land("events/after.jsonl", [_event("came_back", "loser@x.example")])
    _build_contacts(home, START + DAY)
    assert _contact_by_key(home) == {
        "loser": "winner",
        "winner": "winner",
        "loser@x.example": "winner",
    }
    assert home.rows("select contact_id, email from contacts.contacts") == [
        ("winner", "winner@x.example")
    ]
    keys = home.rows(
        "select key_kind, key, evidence from contacts.contact_identities "
        "where contact_id = 'winner' and decided_for = 'loser' order by all"
    )
    merged = "crm record loser; the crm merged record loser into winner"
    assert keys == [("email", "loser@x.example", merged), ("id", "loser", merged)]
    # Two merges in a circle leave one contact.
    home.land("crm/standard/contact_merges/2.jsonl", [_merge("winner", "loser")])
    _build_contacts(home, START + 2 * DAY)
    assert set(_contact_by_key(home).values()) == {"loser"}

    home.land("crm/standard/contact_merges/3.jsonl", [_merge("winner", ""), _merge("loser", "")])
    _build_contacts(home, START + 3 * DAY)
    assert _contact_by_key(home) == {
        "loser": "loser",
        "winner": "winner",
        "loser@x.example": "loser",
    }
    decided = home.rows("select contact_id, merged_into from decisions.contact_merges order by all")
    assert decided == [
        ("loser", "loser"),
        ("loser", "winner"),
        ("winner", "loser"),
        ("winner", "winner"),
    ]
    _build_contacts(home, START + 4 * DAY)
    assert len(home.rows("from decisions.contact_merges")) == len(decided)


def test_earlier_events_of_a_browser_belong_to_its_first_identified_contact(tmp_path: Path):
    home = Home(tmp_path / "home")
    people = [{"contact_id": name, **_person(name)} for name in ("ada", "bob")]
    home.land("crm/standard/contacts/people.jsonl", people)
    home.land("events/0.jsonl", [_event("viewed", "browser")])
    _build_contacts(home, START)
    assert _contact_by_key(home) == {"browser": "browser"}

    home.land("events/1.jsonl", [_event("identify", "ada@x.example", anonymous_id="browser")])
    _build_contacts(home, START + DAY)
    assert _contact_by_key(home) == {"browser": "ada", "ada@x.example": "ada"}

    home.land("events/2.jsonl", [_event("identify", "bob", anonymous_id="browser")])
    _build_contacts(home, START + 2 * DAY)
    assert _contact_by_key(home) == {"browser": "ada", "ada@x.example": "ada", "bob": "bob"}
    assert home.rows("from identity.shared_anonymous_ids") == [
        ("browser", "ada", "bob", "event identify-bob")
    ]


def test_a_contact_deleted_in_the_crm_leaves_segments_and_sequences_and_gets_no_mail(waiting: Home):
    waiting.decide(SECOND)
    queue = dict(
        waiting.rows(
            "select contact_id, send_id from delivery.send_queue "
            "where sequence = 'reengagement' order by all"
        )
    )
    gone, alive = sorted(queue)[:2]
    exported = waiting.rows(
        "select crm_id, email_given from contacts.contacts where crm_id is not null order by all"
    )
    people = [{"contact_id": crm_id, "email": email} for crm_id, email in exported]
    waiting.land("people/1.jsonl", people)
    _land(waiting, SECOND + DAY)
    remaining = [person for person in people if person["contact_id"] not in (gone, alive)]
    waiting.land("people/2.jsonl", remaining)
    _land(waiting, SECOND + 2 * DAY)
    later = SECOND + 3 * DAY
    waiting.land("events/after.jsonl", [{**_event("paid", alive), "occurred_at": later}])
    waiting.decide(later)

    ended = waiting.rows("select contact_id from contacts.contacts where ended_at is not null")
    assert ended == [(gone,)]
    stops = waiting.rows(
        f"select gate from delivery.gate_checks where send_id = '{queue[gone]}' order by all"
    )
    assert ("contact_ended",) in stops
    assert queue[gone] not in waiting.queue()
    assert waiting.rows(
        f"select exit_reason from decisions.enrollment_exits where contact_id = '{gone}' "
        f"and exited_at = '{later.isoformat()}'"
    ) == [("contact ended",)]
    memberships = (
        "select count(*) from segments.membership where exited_at is null and contact_id = "
    )
    assert waiting.rows(f"{memberships}'{gone}'") == [(0,)]
    features = "select contact_id from contacts.contact_features where contact_id in "
    assert waiting.rows(f"{features} ('{gone}', '{alive}')") == [(alive,)]


_CURRENT = (
    f"select {HISTORY_COLUMNS} from contacts.contact_history where valid_to is null order by all"
)
_AS_OF = (
    f"select {HISTORY_COLUMNS} from contacts.contact_history "
    "where valid_from <= '{at}' and (valid_to is null or valid_to > '{at}') order by all"
)


def _build_contacts(home: Home, as_of: datetime) -> None:
    """Land the new files and build the contacts and their identities, with the clock at `as_of`."""
    _land(home, as_of)
    with home.settings() as settings:
        selected = ["+contact_history", "+contacts", "+events", "+shared_anonymous_ids"]
        dbt.raise_for(dbt.build(settings, selected, with_tests=False))


def _land(home: Home, as_of: datetime) -> None:
    """Land the new files; each file of the folder `people` is a full snapshot of the CRM."""
    config = home.folder.parent / "snapshots.toml"
    config.write_text(
        (PROJECT_DIR / "sendhouse.toml").read_text(encoding="utf-8") + SNAPSHOTS, encoding="utf-8"
    )
    home.variables["SENDHOUSE_CONFIG"] = str(config)
    with home.settings() as settings:
        dbt.prepare(settings)
        stages.tick(settings, as_of, until=Stage.LAND)


def _contact_by_key(home: Home) -> dict[str, str]:
    """The contact of each event, by the key in the landed file."""
    rows = home.rows(
        "select split_part(event_id, '-', 2), contact_id from activity.events order by all"
    )
    return dict(rows)


def _person(name: str) -> dict[str, str]:
    return {
        "email": f"{name}@x.example",
        "first_name": name.title(),
        "marketing_consent": "true",
    }


def _event(name: str, key: str, **properties: Any) -> dict[str, Any]:
    return {
        "event_id": f"{name}-{key}",
        "contact_key": key,
        "name": name,
        "occurred_at": (START - DAY).isoformat(),
        "properties": properties,
    }


def _merge(loser: str, winner: str) -> dict[str, Any]:
    return {"contact_id": loser, "merged_into": winner, "merged_at": START.isoformat()}
