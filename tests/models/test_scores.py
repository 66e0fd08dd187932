"""A score is the sum of its ledger on any day, and reads each event once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dagster_project.home import warehouse
from dagster_project.tick import stages
from dagster_project.tick.stages import Stage
from tests.support.home import Home
from tests.support.project_copy import ProjectCopy
from tests.support.small_company import BUYERS, FIRST, stranger

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Undisturbed
    from tests.support.home import Rows

SCORE = "models/scores/b2b/lead_score.sql"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)

# The formula is repeated here, so the models are not compared with themselves.
SCORE_THEN = """
    select contact_id, sum(
        case
            when half_life_days is null then points
            else (points / pow(2, date_diff('second', since, $at) / 86400 / half_life_days))
                ::decimal(18, 4)
        end
    ) as points
    from scores.ledger
    where score = 'lead_score' and since <= $at and (ends_at is null or $at < ends_at)
    group by contact_id
"""


def test_todays_ledger_adds_up_to_the_score_of_a_past_day(
    ticked_once: Path, undisturbed: Undisturbed
):
    recorded = dict(Home(ticked_once).rows("select contact_id, points from scores.totals"))
    added_up = dict(_rows(undisturbed.folder, SCORE_THEN, at=FIRST))

    # Since then a buyer and a stranger were merged: the two have one score now.
    [(merged,)] = _rows(
        undisturbed.folder,
        "select contact_id from contacts.contact_identities where key = $key",
        key=stranger(0),
    )
    assert merged == f"p{BUYERS[0]:03}"
    [points] = [recorded.pop(key) for key in recorded.keys() - added_up.keys()]
    assert added_up.pop(merged) == recorded.pop(merged, 0) + points
    assert added_up == recorded
    assert len(added_up) > 60
    now = dict(_rows(undisturbed.folder, "select contact_id, points from scores.totals"))
    assert now != added_up


def test_a_changed_scoring_rule_reads_all_history_and_an_unchanged_rule_does_not(
    tmp_path: Path,
):
    project = ProjectCopy(tmp_path / "project", is_lean=True)
    home = Home(tmp_path / "home", SENDHOUSE_PROJECT_DIR=str(project.folder))
    home.land("events/0.jsonl", [_event(0, "demo_booked"), *_views(0)])
    _build_scored_events(home, 0)
    assert _scored_events(home) == {"demo_booked-0", "/pricing-0"}
    # A scored event is not read again: the next tick does not notice its deletion.
    home.rows("delete from raw.events where name = 'demo_booked'")

    changed_rules = (
        (SCORE, "like '/pricing%'", "like '/blog%'"),
        (SCORE, "event='signed_up'", "event='logged_in'"),
    )
    home.land("events/1.jsonl", [_event(1, "demo_booked"), *_views(1), _event(1, "signed_up")])
    with project.edited(*changed_rules):
        _build_scored_events(home, 1)
        first = {"demo_booked-0", "demo_booked-1", "/blog-0", "/blog-1"}
        assert _scored_events(home) == first
        home.land("events/2.jsonl", [*_views(2), _event(2, "logged_in")])
        _build_scored_events(home, 2)
        assert _scored_events(home) == {*first, "/blog-2", "logged_in-2"}

    _build_scored_events(home, 3)
    assert _scored_events(home) == {
        *("demo_booked-0", "demo_booked-1", "signed_up-1"),
        *("/pricing-0", "/pricing-1", "/pricing-2"),
    }


def _build_scored_events(home: Home, day: int) -> None:
    """Land the new files and build scored_events as a tick does."""
    as_of = START + timedelta(days=day)
    with home.settings() as settings:
        stages.tick(
            settings, as_of, until=Stage.DECIDE, select=["+scored_events"], with_tests=False
        )


def _scored_events(home: Home) -> set[str]:
    rows = home.rows("select event_id from activity.scored_events")
    found = {event_id for (event_id,) in rows}
    assert len(found) == len(rows)
    definitions = home.rows("select distinct definition from activity.scored_events")
    assert {*definitions} <= {*home.rows("select model from control.watermarks")}
    return found


def _views(day: int) -> list[dict[str, Any]]:
    return [
        _event(day, "page_viewed", f"{page}-{day}", page=page) for page in ("/pricing", "/blog")
    ]


def _event(day: int, name: str, event_id: str = "", **properties: str) -> dict[str, Any]:
    return {
        "event_id": event_id or f"{name}-{day}",
        "contact_key": "a@x.example",
        "name": name,
        "occurred_at": (START + timedelta(days=day)).isoformat(),
        "properties": properties,
    }


def _rows(folder: Path, query: str, **values: Any) -> Rows:
    with warehouse.connect(folder / "warehouse.duckdb") as connection:
        return connection.execute(query, values).fetchall()
