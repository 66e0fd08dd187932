"""One writer, many readers: BI beside a tick, and a second tick beside the first."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import duckdb

from dagster_project.home.settings import PROJECT_DIR
from dagster_project.tick.serving import is_published
from tests.support.bi_reader import LOOK
from tests.support.home import finish
from tests.support.small_company import SECOND

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Undisturbed
    from tests.support.home import Home
    from tests.support.warm import Forked


def test_bi_reads_whole_tables_during_ticks_and_a_second_tick_waits_or_names_the_first(
    settled: Home, undisturbed: Undisturbed
):
    serving = settled.folder / "serving"
    settled.land("events/later.jsonl", [_purchase(number) for number in range(40)])
    at_second = ["--as-of", SECOND.isoformat(), "--json"]
    before = _look(serving)
    reader = subprocess.Popen(
        [sys.executable, "-m", "tests.support.bi_reader", serving / "analytics.duckdb"],
        cwd=PROJECT_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # A reader with the file open keeps the old contents until it closes the file.
    with duckdb.connect(str(serving / "analytics.duckdb"), read_only=True) as patient:
        first = settled.start_tick(SECOND)
        _wait_until_held_by(first, settled.folder / "warehouse.lock")
        second = settled.start("tick", *at_second)
        refused = finish(settled.start("tick", *at_second, "--wait", "0"))
        ended = finish(first)
        assert ended.code == 0, ended.err
        waited = finish(second)
        assert patient.execute("select count(*) from funnels.sends").fetchall() == [(before[0],)]
    out, err = reader.communicate()

    assert refused.code == 75
    assert f"held by sendhouse tick (pid {first.pid}, since" in refused.err
    assert str(first.pid) in json.loads(refused.out)["error"]
    assert f"waiting: the warehouse is held by sendhouse tick (pid {first.pid}," in waited.err
    assert not any(waited.report["decided"].values())
    assert ended.report["landed"]["rows"] == 40

    assert not err
    *looks, times = (json.loads(line) for line in out.splitlines())
    after = _look(serving)
    assert before != after
    assert looks == [before, after]
    assert after[1] == after[2] == len(undisturbed.mail)
    assert times > 20

    assert settled.mail() == undisturbed.mail
    assert settled.rows("select count(*) from raw.events where event_id like 'later-%'") == [(40,)]


def test_served_tables_equal_the_tables_of_the_warehouse(settled: Home):
    serving = settled.folder / "serving"
    with duckdb.connect(str(serving / "analytics.duckdb"), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        names = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
        ).fetchall()
        served = {
            name: connection.execute(f"from {name} order by all").fetchall() for (name,) in names
        }
        parquet = {
            path.stem: connection.execute(f"from '{path}' order by all").fetchall()
            for path in serving.glob("*.parquet")
        }
    assert {"funnels.sends", "funnels.sequence_steps", "segments.membership"} <= set(served)
    schemas = {name.partition(".")[0] for name in served}
    held = settled.tables(*schemas)
    assert served == {name: held[name] for name in served}
    assert served["funnels.sends"]
    assert parquet == served
    assert not (serving / ".next").exists()


def test_no_published_column_is_a_hugeint_which_parquet_stores_as_a_rounded_double(settled: Home):
    columns = settled.rows(
        "select table_schema, table_name, column_name, data_type from information_schema.columns"
    )
    published = [column for column in columns if is_published(*column[:2])]
    assert ("ledger", "source_freshness", "files", "BIGINT") in published
    assert [column for column in published if "HUGEINT" in column[3]] == []


def _purchase(number: int) -> dict[str, Any]:
    return {
        "event_id": f"later-{number}",
        "contact_key": f"later.{number}@example.com",
        "name": "purchase_completed",
        "occurred_at": SECOND.isoformat(),
        "properties": {"amount": 5},
    }


def _look(serving: Path) -> list[int]:
    with duckdb.connect(str(serving / "analytics.duckdb"), read_only=True) as connection:
        return list(connection.execute(LOOK).fetchall()[0])


def _wait_until_held_by(process: Forked, lock: Path) -> None:
    while json.loads(lock.read_text(encoding="utf-8") or "{}").get("pid") != process.pid:
        assert process.poll() is None, finish(process)
        time.sleep(0.01)
