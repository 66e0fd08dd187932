"""The audits on the command line and as a Dagster job."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from dagster_project.home import warehouse
from dagster_project.tick import serving
from tests.dagster_project.audit.conftest import MARCH, Crm
from tests.support.home import Home, finish

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def filled(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    monkeypatch.setenv("SENDHOUSE_HOME", str(crm.settings.home))
    rows = "".join(f"{n},info@shop{n}.io,DE,2019-0{n}-01\n" for n in range(1, 10))
    crm.land(MARCH, "crm/standard/contacts", f"contact_id,email,country,updated_at\n{rows}")
    crm.audit()  # sets the clock
    return crm


def test_audit_crm_prints_fields_in_80_columns_and_writes_tables_and_page(filled: Crm):
    shown = _sendhouse(filled, "audit", "crm")
    assert "standard__contacts: 9 records" in shown
    assert "stale      standard__contacts: every field" in shown
    assert max(len(line) for line in shown.splitlines() if not line.startswith("page")) <= 80
    assert (filled.settings.home / "report/crm.html").is_file()
    answer = json.loads(_sendhouse(filled, "audit", "crm", "--json"))
    assert datetime.fromisoformat(answer["as_of"]) == MARCH
    roles = [row["rows"] for row in answer["addresses"] if row["verdict"] == "role"]
    assert roles == [9]


def test_the_audit_job_writes_tables_for_bi_and_is_not_part_of_the_tick(filled: Crm):
    from dagster_project.definitions import defs

    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def("audit").execute_in_process(instance=instance)
    made = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events()}
    tables = {"audit/crm_fields", "audit/crm_addresses", "audit/segment_features"}
    tables |= {"audit/segments", "audit/segment_sizes", "audit/segment_overlaps"}
    assert made == tables | {"report/crm", "report/segments"}
    ticked = {
        key.to_user_string()
        for key in defs.resolve_job_def("tick").asset_layer.executable_asset_keys
    }
    assert "ledger/source_freshness" in ticked
    assert not ticked & made
    serving.publish(filled.settings)
    with warehouse.connect(filled.settings.serving_dir / "analytics.duckdb") as bi:
        stale = "select field from audit.crm_fields where stale_reason is not null"
        assert ("country",) in bi.sql(stale).fetchall()


def _sendhouse(crm: Crm, *arguments: str) -> str:
    done = finish(Home(crm.settings.home).start(*arguments, COLUMNS="80"))
    assert done.code == 0, done.err
    return done.out
