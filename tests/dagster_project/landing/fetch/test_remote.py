from __future__ import annotations

import json
from pathlib import Path

import duckdb

from dagster_project.cli.output import REJECTED
from dagster_project.landing.fetch.remote import Fetched, fetch_new
from tests.support.home import Home, finish

PROJECT = Path(__file__).resolve().parents[4]
EVENT = '{"event_id":"a","contact_key":"c","name":"n","occurred_at":"2024-06-01"}\n'


def test_without_remote_sources_the_warehouse_stays_closed(make_landing, monkeypatch):
    landing = make_landing(shop={"as": "events", "path": "shop/*.csv"})
    monkeypatch.setattr("dagster_project.home.warehouse.connect", None)
    assert fetch_new(landing.settings) == []


def test_a_fetch_describes_its_result():
    assert str(Fetched("shop", [Path("a"), Path("b")])) == "[sources.shop]: 2 new files"
    assert str(Fetched("shop", error="why")) == "[sources.shop]: fetch incomplete: why"


def test_a_tick_lands_its_files_and_names_the_unreachable_source(tmp_path, monkeypatch):
    home = tmp_path / "var"
    place = home / "landing" / "events" / "a.jsonl"
    place.parent.mkdir(parents=True)
    place.write_text(EVENT)
    sources = json.dumps({"orders": {"as": "events", "query": "select 1"}})
    monkeypatch.delenv("SENDHOUSE_SOURCE_ORDERS_URL", raising=False)
    tick = Home(home).start("tick", "--as-of", "2024-06-02T00:00Z", SENDHOUSE_SOURCES=sources)
    done = finish(tick)
    assert done.code == REJECTED, done.out + done.err
    problem = "missing environment variable: set SENDHOUSE_SOURCE_ORDERS_URL"
    assert f"not landed [sources.orders]: fetch incomplete: {problem}" in done.out
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("select event_id from raw.events").fetchall() == [("a",)]
        [(error,)] = connection.execute("select error from raw.fetches").fetchall()
    assert "SENDHOUSE_SOURCE_ORDERS_URL" in error
