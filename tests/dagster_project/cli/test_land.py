from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from dagster_project.home import warehouse
from dagster_project.tick import stages
from tests.support.home import Finished, Home, finish

if TYPE_CHECKING:
    from pathlib import Path

EVENT = {"event_id": "1", "contact_key": "a@example.org", "name": "signed_up"}
EVENT["occurred_at"] = "2026-03-01T08:00:00Z"
OPENED = {"event_id": "t1", "send_id": "s", "type": "opened", "occurred_at": "2026-03-01T08:00:00Z"}


def land(home: Home, *arguments: str | Path) -> Finished:
    return finish(home.start("land", *map(str, arguments)))


@pytest.mark.parametrize(
    ("kind", "name", "content", "table"),
    [
        ("events", "a.jsonl", json.dumps(EVENT), "events"),
        ("tracking", "a.jsonl", json.dumps(OPENED), "tracking"),
        ("crm/standard/contacts", "a.csv", "contact_id,email\nc,a@x.org\n", "standard__contacts"),
        ("northwind_history", "a.jsonl", json.dumps(EVENT), "events"),
    ],
)
def test_each_kind_lands_once(
    home: Home, tmp_path: Path, kind: str, name: str, content: str, table: str
):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")

    [landed] = land(home, path, "--as", kind, "--json").report
    again = land(home, path, "--as", kind)

    assert (landed["rows_landed"], landed["rows_rejected"]) == (1, 0)
    assert again.code == 0
    assert "already landed" in again.out
    assert home.rows(f"select count(*) from raw.{table}") == [(1,)]


def test_valid_rows_land_and_invalid_rows_are_reported(home: Home, tmp_path: Path):
    path = tmp_path / "mixed.jsonl"
    path.write_text(f"{json.dumps(EVENT)}\n{{broken\n", encoding="utf-8")

    done = land(home, path, "--as", "events")

    assert done.code == 4
    assert "1 rows landed, 0 duplicate, 1 rejected" in done.out
    assert str(home.folder) not in done.out
    query = done.out.partition("rejected rows: ")[2].strip()
    [(line, reason, content)] = home.rows(query)
    assert (line, content) == (2, "{broken")
    assert reason


def test_an_empty_file_counts_as_rejected(home: Home, tmp_path: Path):
    path = tmp_path / "empty.jsonl"
    path.write_text("", encoding="utf-8")

    done = land(home, path, "--as", "events", "--json")

    assert done.code == 4
    [landed] = json.loads(done.out)
    assert landed["rows_landed"] == 0


def test_an_unknown_kind_is_wrong_usage_and_the_message_lists_the_kinds(home: Home, tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(EVENT), encoding="utf-8")

    done = land(home, path, "--as", "evnts", "--json")

    assert done.code == 2
    message = json.loads(done.out)["error"]
    for kind in ("'evnts'", "events", "tracking", "crm/<source>/<object>", "northwind_contacts"):
        assert kind in message


def test_a_missing_file_is_wrong_usage_and_reported(home: Home):
    done = land(home, "nowhere.jsonl", "--as", "events")

    assert done.code == 2
    assert "nowhere.jsonl" in done.err


def test_landing_waits_for_a_tick_and_reports_the_holder(home: Home, tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(EVENT), encoding="utf-8")
    finish(home.start("land", str(path), "--as", "events"))
    path.write_text(json.dumps(EVENT | {"event_id": "2"}), encoding="utf-8")

    with (
        warehouse.exclusive(home.folder / "warehouse.lock", "a tick of this test"),
        warehouse.connect(home.folder / "warehouse.duckdb"),
    ):
        landing = home.spawn("sendhouse", "land", str(path), "--as", "events")
        assert landing.stderr is not None
        reported = landing.stderr.readline()
        assert landing.poll() is None
    done = finish(landing)

    assert "waiting: the warehouse is held by a tick of this test" in reported
    assert done.code == 0, done.err
    assert home.rows("select count(*) from raw.events") == [(2,)]


def test_an_event_landed_after_a_tick_is_received_after_the_clock(home: Home, tmp_path: Path):
    """Otherwise a replay of that tick would read an event that the tick did not read."""
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(EVENT), encoding="utf-8")
    as_of = datetime(2026, 3, 2, tzinfo=UTC)
    with home.settings() as settings:
        stages.begin(settings, as_of)

    land(home, path, "--as", "events")

    [(received_at,)] = home.rows("select received_at from raw.events")
    assert as_of < received_at < as_of + timedelta(seconds=1)
