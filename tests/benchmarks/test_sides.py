"""The two sides of each benchmark do the same work, shown on a few rows."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from benchmarks import (
    _by_hand,
    _population,
    _postfix,
    _postgres,
    dispatch,
    history,
    landing,
    serving,
    tick,
)
from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.home import Home

ROWS = 40


# ── landing ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "query", "kind", "insert"),
    [
        ("events.jsonl.zst", landing._EVENTS, "events", landing.insert_events),
        ("contacts.csv", landing._CONTACTS, "crm/standard/contacts", landing.insert_contacts),
    ],
)
def test_landing_and_duckdb_load_the_same_rows(tmp_path: Path, name, query, kind, insert):
    path = str(tmp_path / name)
    landing.write_file(query, ROWS, path)

    assert landing.land(path, kind, ROWS)["seconds"] > 0
    assert insert(path, ROWS)["seconds"] > 0

    for side in (lambda rows: landing.land(path, kind, rows), lambda rows: insert(path, rows)):
        with pytest.raises(RuntimeError):
            side(ROWS + 1)


def test_a_small_file_lands_on_top_of_the_filled_warehouse(tmp_path: Path):
    landing.fill(str(tmp_path), ROWS)
    landing.land_some(str(tmp_path))

    with warehouse.connect(tmp_path / "warehouse.duckdb") as connection:
        [(events, ids)] = connection.execute(
            "select count(*), count(distinct event_id) from raw.events"
        ).fetchall()
    # fill() lands a small file too.
    assert events == ids == ROWS + 2 * 1_000


# ── dispatch ─────────────────────────────────────────────────────────────────────────────────────


def test_the_journal_and_plain_sqlite_store_the_same_sends(tmp_path: Path):
    stored = []
    for side in (dispatch.journal_all, dispatch.commit_all):
        folder = tmp_path / side.__name__
        folder.mkdir()
        side(ROWS, str(folder))
        [path] = folder.glob("*.sqlite")
        rows = sqlite3.connect(path).execute("select send_id, status from attempts").fetchall()
        stored.append(sorted(rows))

    assert stored[0] == stored[1]
    assert len(stored[0]) == ROWS
    assert {status for _, status in stored[0]} == {"sent"}


def test_both_sides_fill_in_the_template_for_every_send(monkeypatch):
    import jinja2

    from senders import message

    alone, composed = [], []
    render, build = jinja2.Template.render, message.build_message

    def remember_text(template, *context):
        alone.append(render(template, *context))
        return alone[-1]

    def remember_page(send, rendered, *rest, **options):
        composed.append(rendered.html)
        return build(send, rendered, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(jinja2.Template, "render", remember_text)
        dispatch.render_all(3)
    monkeypatch.setattr(message, "build_message", remember_page)
    dispatch.compose_all(3)

    assert len(alone) == len(composed) == 3
    for number, pages in enumerate(zip(alone, composed, strict=True)):
        assert all(f"Jo {number}" in page for page in pages)


def test_the_peer_sends_messages_of_the_same_size():
    assert dispatch.compose_all(1)["bytes"] > 5_000


@pytest.mark.postfix
def test_all_sends_leave_over_smtp(tmp_path: Path):
    sink = _postfix.find("smtp-sink")
    if sink is None:
        pytest.skip("postfix's smtp-sink is not installed (scripts/test-deps.sh)")
    with _postfix.listening(sink) as port:
        assert dispatch.send_all(3, port, str(tmp_path))["seconds"] > 0


# ── history ──────────────────────────────────────────────────────────────────────────────────────


def facts(home: Path) -> dict[str, list]:
    with warehouse.connect(home / "warehouse.duckdb") as connection:
        return {
            table: connection.execute(f"select * from {table} order by all").fetchall()
            for table in ("raw.events", "raw.standard__contacts", "raw.tracking", "raw.attempts")
        }


def test_the_generated_population_is_the_same_each_time(tmp_path: Path):
    for name in ("one", "two"):
        history.make(str(tmp_path / name), contacts=30, events=120)
    one = facts(tmp_path / "one")

    assert one == facts(tmp_path / "two")
    assert len(one["raw.events"]) == 120
    assert len(one["raw.standard__contacts"]) == len(one["raw.attempts"]) == 30


def test_new_events_arrive_after_the_clock_and_move_it(tmp_path: Path):
    history.make(str(tmp_path), contacts=30, events=120)
    history.happen(str(tmp_path), contacts=30, more=60, hours=2.5)

    settings = load_settings(home=tmp_path)
    with warehouse.connect(settings.warehouse_path) as connection:
        now = warehouse.require_clock(connection).as_of
        [(events, ids, late, early)] = connection.execute(
            """select
                count(*), count(distinct event_id),
                count(*) filter (where received_at > $now),
                count(*) filter (where received_at > $begin)
            from raw.events""",
            {"now": now, "begin": _population.NOW},
        ).fetchall()
    assert (now - _population.NOW).total_seconds() == 2.5 * 3600
    assert (events, ids, late) == (180, 180, 0)
    assert 0 < early <= 60


def test_the_project_keeps_only_the_compared_segments_and_triggers(tmp_path: Path):
    project = history._copy_project(tmp_path)
    for folder, kept in history._KEPT.items():
        files = (project / "models" / folder).rglob("*.sql")
        assert {path.stem for path in files} == set(kept)


def test_the_query_by_hand_and_the_models_have_the_same_columns(waiting: Home):
    with warehouse.connect(waiting.folder / "warehouse.duckdb") as connection:
        values = _population.boundaries(connection)
        connection.execute(f"create table by_hand as {_by_hand._QUERY}", values)
        by_hand = connection.table("by_hand").columns
        assert set(by_hand) == set(connection.table("contacts.contact_features").columns)


def test_postgresql_gets_its_tables_from_the_models_and_has_every_segment(waiting: Home):
    with warehouse.connect(waiting.folder / "warehouse.duckdb") as connection:
        for table, (columns, query) in _postgres._TABLES.items():
            copied = connection.execute(f"select * from ({query}) limit 0").description
            names = [column.split()[0] for column in columns.replace("\n", " ").split(",")]
            assert [name for name, *_ in copied] == names, table
        for segment in _postgres.SEGMENTS:
            connection.execute(f"select contact_id from segments.{segment} limit 0")


# ── serving, tick ────────────────────────────────────────────────────────────────────────────────


def test_publishing_leaves_tables_and_copying_leaves_no_file(waiting: Home, monkeypatch):
    assert serving.publish(str(waiting.folder))["seconds"] > 0
    assert any((waiting.folder / "serving").iterdir())

    assert serving.copy_database(str(waiting.folder))["seconds"] > 0
    assert list(waiting.folder.glob("copy-*.duckdb")) == []


def test_a_tick_is_split_into_start_up_and_work(tmp_path: Path, monkeypatch):
    report = {"total_seconds": 3.5, "seconds": 1.25}
    program = tmp_path / "sendhouse"
    program.write_text(f"#!/bin/sh\necho '{json.dumps(report)}'\n")
    program.chmod(0o755)
    monkeypatch.setattr(tick, "_BIN", tmp_path)

    sample = tick._tick(tmp_path)

    assert sample.parts == {"start-up": 2.25}
    assert sample.seconds > 0
