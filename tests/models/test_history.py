"""What was known of people on any past day, and what happens when a CRM lets go of somebody."""

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
TOLD = (
    "crm_id, contact_id, email, first_name, job_title, company_id, marketing_consent, "
    "external_id, change, is_ended, valid_from"
)


def test_any_past_day_can_be_read_from_the_history(tmp_path: Path):
    home = Home(tmp_path / "home")
    days = [
        {"a": {"job_title": "Cook"}, "b": {}, "c": {"company_id": "k"}, "d": {}},
        # b is not there: gone. a says nothing of its title and moves; d has no company.
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
        rows = [{"contact_id": name, **_person(name), **told} for name, told in people.items()]
        home.land(f"people/{day}.jsonl", rows)
        _learn(home, START + day * DAY)
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
        # The same from everything that ever landed, the clock stopped at that day.
        again = Home(tmp_path / f"again-{day}")
        shutil.copytree(home.folder, again.folder)
        for table in ("control.clock", "decisions.contact_keys", "decisions.contact_merges"):
            again.rows(f"delete from {table}")
        _learn(again, START + day * DAY)
        assert again.rows(_CURRENT) == known, at
    current = "select crm_id, job_title, email, ended_at is not null from contacts.contacts"
    assert home.rows(f"{current} order by all") == [
        ("a", None, "a@x.example", False),
        ("b", None, "b@x.example", False),
        ("c", None, "c@x.example", False),
        ("d", None, "d@x.example", False),
    ]


def test_a_merge_in_the_crm_is_followed_until_it_is_undone(tmp_path: Path):
    home = Home(tmp_path / "home")
    people = [{"contact_id": name, **_person(name)} for name in ("loser", "winner")]
    home.land("crm/standard/contacts/people.jsonl", people)
    home.land("events/before.jsonl", [_event("opened_app", name) for name in ("loser", "winner")])
    _learn(home, START)
    assert _whose(home) == {"loser": "loser", "winner": "winner"}

    home.land("crm/standard/contact_merges/1.jsonl", [_merge("loser", "winner")])
    home.land("events/after.jsonl", [_event("came_back", "loser@x.example")])
    _learn(home, START + DAY)
    assert _whose(home) == {"loser": "winner", "winner": "winner", "loser@x.example": "winner"}
    assert home.rows("select contact_id, email from contacts.contacts") == [
        ("winner", "winner@x.example")
    ]
    keys = home.rows(
        "select key_kind, key, evidence from contacts.contact_identities "
        "where contact_id = 'winner' and decided_for = 'loser' order by all"
    )
    merged = "crm record loser; the crm merged record loser into winner"
    assert keys == [("email", "loser@x.example", merged), ("id", "loser", merged)]
    # Whoever of the two goes in a circle, somebody stays.
    home.land("crm/standard/contact_merges/2.jsonl", [_merge("winner", "loser")])
    _learn(home, START + 2 * DAY)
    assert set(_whose(home).values()) == {"loser"}

    home.land("crm/standard/contact_merges/3.jsonl", [_merge("winner", ""), _merge("loser", "")])
    _learn(home, START + 3 * DAY)
    assert _whose(home) == {"loser": "loser", "winner": "winner", "loser@x.example": "loser"}
    decided = home.rows("select contact_id, merged_into from decisions.contact_merges order by all")
    assert decided == [
        ("loser", "loser"),
        ("loser", "winner"),
        ("winner", "loser"),
        ("winner", "winner"),
    ]
    _learn(home, START + 4 * DAY)
    assert len(home.rows("from decisions.contact_merges")) == len(decided)


def test_what_a_browser_did_before_belongs_to_who_is_seen_in_it_first(tmp_path: Path):
    home = Home(tmp_path / "home")
    people = [{"contact_id": name, **_person(name)} for name in ("ada", "bob")]
    home.land("crm/standard/contacts/people.jsonl", people)
    home.land("events/0.jsonl", [_event("viewed", "browser")])
    _learn(home, START)
    assert _whose(home) == {"browser": "browser"}

    home.land("events/1.jsonl", [_event("identify", "ada@x.example", anonymous_id="browser")])
    _learn(home, START + DAY)
    assert _whose(home) == {"browser": "ada", "ada@x.example": "ada"}

    home.land("events/2.jsonl", [_event("identify", "bob", anonymous_id="browser")])
    _learn(home, START + 2 * DAY)
    assert _whose(home) == {"browser": "ada", "ada@x.example": "ada", "bob": "bob"}
    assert home.rows("from identity.shared_anonymous_ids") == [
        ("browser", "ada", "bob", "event identify-bob")
    ]


def test_who_the_crm_lets_go_of_leaves_everything_and_gets_no_mail(waiting: Home):
    waiting.decide(SECOND)
    queue = dict(
        waiting.rows(
            "select contact_id, send_id from delivery.send_queue "
            "where sequence = 'reengagement' order by all"
        )
    )
    gone, alive = sorted(queue)[:2]
    everybody = waiting.rows(
        "select crm_id, email_given from contacts.contacts where crm_id is not null order by all"
    )
    people = [{"contact_id": crm_id, "email": email} for crm_id, email in everybody]
    waiting.land("people/1.jsonl", people)
    _land(waiting, SECOND + DAY)
    left = [person for person in people if person["contact_id"] not in (gone, alive)]
    waiting.land("people/2.jsonl", left)
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
    stays = "select count(*) from segments.membership where exited_at is null and contact_id = "
    assert waiting.rows(f"{stays}'{gone}'") == [(0,)]
    features = "select contact_id from contacts.contact_features where contact_id in "
    assert waiting.rows(f"{features} ('{gone}', '{alive}')") == [(alive,)]


_CURRENT = f"select {TOLD} from contacts.contact_history where valid_to is null order by all"
_AS_OF = (
    f"select {TOLD} from contacts.contact_history "
    "where valid_from <= '{at}' and (valid_to is null or valid_to > '{at}') order by all"
)


def _learn(home: Home, as_of: datetime) -> None:
    """Land what is there and build who is who, the clock standing at an instant."""
    _land(home, as_of)
    with home.settings() as settings:
        selected = ["+contact_history", "+contacts", "+events", "+shared_anonymous_ids"]
        dbt.raise_for(dbt.build(settings, selected, with_tests=False))


def _land(home: Home, as_of: datetime) -> None:
    """Land what is there; files of the folder `people` hold everybody of the CRM."""
    config = home.folder.parent / "snapshots.toml"
    config.write_text(
        (PROJECT_DIR / "sendhouse.toml").read_text(encoding="utf-8") + SNAPSHOTS, encoding="utf-8"
    )
    home.variables["SENDHOUSE_CONFIG"] = str(config)
    with home.settings() as settings:
        dbt.prepare(settings)
        stages.tick(settings, as_of, until=Stage.LAND)


def _whose(home: Home) -> dict[str, str]:
    """Who the events are of, by the key that each came with."""
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


def _merge(went: str, stays: str) -> dict[str, Any]:
    return {"contact_id": went, "merged_into": stays, "merged_at": START.isoformat()}
