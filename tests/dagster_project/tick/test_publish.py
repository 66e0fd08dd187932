"""One writer, many readers: BI beside a tick, and a second tick beside the first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from dagster_project.home import warehouse
from dagster_project.home.settings import PROJECT_DIR
from dagster_project.tick import serving as copies
from dagster_project.tick.report import Counts, report_since
from dagster_project.tick.serving import is_published
from tests.support.bi_reader import LOOK
from tests.support.home import finish
from tests.support.small_company import SECOND

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Undisturbed
    from tests.support.home import Home
    from tests.support.warm import Forked


def test_ticks_leave_no_temporary_tables(settled: Home):
    """dbt-duckdb builds the new rows of a Python model in a real table, and keeps the table."""
    assert settled.rows("select table_name from duckdb_tables() where schema_name = 'main'") == []


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


# The oldest DuckDB that BI clients use today.
_OLD_CLIENT = "duckdb==1.4.5"


@pytest.fixture(scope="session")
def old_client(kept: Path) -> Path:
    """The folder of an older DuckDB, installed from the package registry."""
    folder = kept / _OLD_CLIENT
    kept.mkdir(exist_ok=True)
    with warehouse.exclusive(folder.with_suffix(".lock"), "a test", wait_seconds=120):
        if not folder.exists():
            command = ["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
            installed = subprocess.run(
                [sys.executable, *command, "--target", folder, _OLD_CLIENT],
                capture_output=True,
                text=True,
            )
            if installed.returncode:
                pytest.skip(f"the registry has no {_OLD_CLIENT}: {installed.stderr.strip()[-200:]}")
    return folder


def test_an_older_client_reads_every_published_table_with_its_comments(
    settled: Home, old_client: Path
):
    copy = settled.folder / "serving/analytics.duckdb"
    script = """
import duckdb, json, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
names = connection.execute(
    "select schema_name || '.' || table_name from duckdb_tables() order by all").fetchall()
rows = {name: len(connection.execute(f"from {name}").fetchall()) for (name,) in names}
bare = connection.execute(
    "select schema_name || '.' || table_name || '.' || column_name from duckdb_columns()"
    " where not internal and comment is null").fetchall()
print(json.dumps([duckdb.__version__, rows, bare]))
"""
    read = subprocess.run(
        [sys.executable, "-c", script, copy],
        env=os.environ | {"PYTHONPATH": str(old_client)},
        capture_output=True,
        text=True,
    )
    assert not read.returncode, read.stderr
    version, rows, without_comment = json.loads(read.stdout)
    assert f"duckdb=={version}" == _OLD_CLIENT
    assert rows["funnels.sends"] == settled.rows("select count(*) from funnels.sends")[0][0] > 0
    assert without_comment == []


def test_the_copy_has_the_descriptions_of_the_models_and_says_how_fresh_it_is(settled: Home):
    with duckdb.connect(str(settled.folder / "serving/analytics.duckdb"), read_only=True) as copy:
        comments = dict(copy.execute("select table_name, comment from duckdb_tables()").fetchall())
        [(as_of, published_at, note)] = copy.execute("from control.published").fetchall()
    assert "One row per send and currency." in comments["revenue"]
    assert comments["send_gates"].startswith("Why a send did not leave")
    assert as_of == SECOND
    assert 0 <= (datetime.now(UTC) - published_at).total_seconds() < 3600
    assert note is None


def test_a_session_that_wrote_to_the_copy_does_not_break_the_next_copy(settled: Home):
    copy = settled.folder / "serving/analytics.duckdb"
    script = (
        "import duckdb, os, sys; connection = duckdb.connect(sys.argv[1]);"
        "connection.execute('create table note as select 1'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, copy], check=True)
    assert copy.with_name("analytics.duckdb.wal").exists()
    with settled.settings() as settings:
        copies.publish(settings)
        report = report_since(Counts.read(settings), settings, dispatched={}, seconds=0)
        assert [line for line in report.lines() if "analytics.duckdb.wal" in line]
        with duckdb.connect(str(copy), read_only=True) as connection:
            names = connection.execute("select table_name from duckdb_tables()").fetchall()
            [(note,)] = connection.execute("select note from control.published").fetchall()
        assert ("note",) not in names
        assert note == report.published
        copies.publish(settings)
        assert (
            report_since(Counts.read(settings), settings, dispatched={}, seconds=0).published
            is None
        )


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
