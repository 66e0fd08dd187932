"""The audit of segments after ticks."""

from __future__ import annotations

import html
import json
from datetime import timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any

from dagster_project import audit
from dagster_project.audit.segments.audit import audit_segments
from dagster_project.audit.store import SEGMENT_TABLES, SIZES
from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings
from tests.support.home import Home, finish
from tests.support.small_company import SECOND

if TYPE_CHECKING:
    from pathlib import Path

DAY = timedelta(days=1)


def test_a_contact_leaves_a_segment_in_the_tick_that_receives_the_change(waiting: Home):
    _titles(waiting, "first", {"p101": "CTO", "p102": "Head of Garden", "p103": "Gardener"})
    waiting.decide(SECOND + DAY)
    _titles(waiting, "second", {"p101": "Gardener", "p103": "Chief of Gardens"})
    waiting.decide(SECOND + 2 * DAY)

    assert waiting.rows(
        "select contact_id, change, decided_at from decisions.segment_changes "
        "where segment = 'decision_makers' order by all"
    ) == [
        ("p101", "entered", SECOND + DAY),
        ("p101", "exited", SECOND + 2 * DAY),
        ("p102", "entered", SECOND + DAY),
        ("p103", "entered", SECOND + 2 * DAY),
    ]
    _assert_that_the_audit_matches_the_tables(waiting)


def _assert_that_the_audit_matches_the_tables(home: Home) -> None:
    answer = finish(home.start("audit", "segments", "--json")).report
    found = {row["segment"]: row for row in answer["segments"]}
    sets: dict[str, set[str]] = {name: set() for name in found}
    for segment, contact_id in home.rows("select * from proposals.segment_members"):
        sets[segment].add(contact_id)

    # Entries minus exits are the members, and the last day of the sizes is today.
    assert {name: row["members"] for name, row in found.items()} == {
        name: len(members) for name, members in sets.items()
    }
    assert {name: days[-1]["members"] for name, days in answer["sizes"].items()} == {
        name: len(sets[name]) for name in answer["sizes"]
    }
    assert (found["decision_makers"]["entered_30d"], found["decision_makers"]["exited_30d"]) == (
        3, 1,
    )  # fmt: skip
    jaccard = {
        (one, other): round(len(sets[one] & sets[other]) / len(sets[one] | sets[other]), 4)
        for one, other in combinations(sorted(sets), 2)
        if sets[one] & sets[other]
    }
    assert len(jaccard) > 5
    reported = {(pair["segment"], pair["other"]): pair["jaccard"] for pair in answer["overlaps"]}
    assert reported == jaccard
    no_consent = home.rows(
        "select count(*) from segments.trial_accounts join contacts.contact_consent "
        "using (contact_id) where consent <> 'opted_in'"
    )
    trial = found["trial_accounts"]
    assert [(trial["opted_out"] + trial["unknown"],)] == no_consent
    assert trial["used_by"] == ["segments/trial_setup_incomplete", "sequences/activation"]
    assert "too thin" in trial["findings"]

    # A second audit replaces the first audit of the day.
    with home.settings() as settings:
        audit.run_segments(settings)
    for table in SEGMENT_TABLES:
        rows = len(answer["overlaps" if table == "segment_overlaps" else "segments"])
        assert home.rows(f"select count(*) from audit.{table}") == [(rows,)]
    days = sum(map(len, answer["sizes"].values()))
    assert home.rows(f"select count(*) from audit.{SIZES}") == [(days,)]
    page = (home.folder / "report/segments.html").read_text(encoding="utf-8")
    assert page.count("<polyline") == len(answer["sizes"])
    assert found["silent"]["rule"].replace("`", "") in html.unescape(page).replace("`", "")
    assert 'href="segments.html"' in (home.folder / "report/index.html").read_text("utf-8")
    shown = finish(home.start("audit", "segments", COLUMNS="80")).out
    assert f"{len(found)} segments" in shown
    assert max(len(line) for line in shown.splitlines() if not line.startswith("page")) <= 80


def test_an_overdue_source_is_a_finding_of_the_segments_that_it_feeds(tmp_path: Path):
    manifest = {
        "nodes": {
            name: _model(name, folder, parents)
            for name, folder, parents in (
                ("deals", "contacts", ["raw.deals"]),
                ("negotiating", "segments", ["deals"]),
                ("busy", "segments", ["raw.events"]),
            )
        },
        "sources": {
            "raw.deals": {"schema": "raw", "identifier": "standard__deals"},
            "raw.events": {"schema": "raw", "identifier": "events"},
        },
    }
    with warehouse.connect(tmp_path / "w.duckdb") as connection:
        connection.execute(
            """
            create schema control; create schema ledger;
            create table control.clock (as_of timestamptz, is_simulated boolean);
            insert into control.clock values ('2026-03-31 07:00:00+00', true);
            create table ledger.source_freshness as
                from (values
                    ('northwind_deals', timestamptz '2026-03-01 07:00:00+00', true),
                    ('northwind_history', timestamptz '2026-02-01 07:00:00+00', false),
                    ('events', null, true),
                    ('no_longer_in_the_settings', timestamptz '2026-03-01 07:00:00+00', true)
                ) as t (kind, last_landed_at, is_stale)
            """
        )
        result = audit_segments(connection, load_settings(home=tmp_path), manifest)
    assert {row.segment: row.inputs_reason for row in result.segments} == {
        "negotiating": "northwind_deals: no file since 2026-03-01",
        "busy": "events: no file yet",
    }
    assert json.dumps(result.as_dict())
    assert {row.members for row in result.segments} == {None}


def _titles(home: Home, name: str, titles: dict[str, str]) -> None:
    rows = [{"contact_id": contact, "job_title": title} for contact, title in titles.items()]
    home.land(f"crm/standard/contacts/{name}.jsonl", rows)


def _model(name: str, folder: str, parents: list[str]) -> dict[str, Any]:
    return {
        "resource_type": "model", "unique_id": name, "name": name, "alias": name,
        "schema": folder, "fqn": ["sendhouse", folder, name], "raw_code": "", "columns": {},
        "config": {"meta": {}}, "depends_on": {"nodes": parents},
    }  # fmt: skip
