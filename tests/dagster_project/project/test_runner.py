"""A build runs the models and tests with a changed input, and no others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from dagster_project.home import warehouse
from dagster_project.home.warehouse import Clock
from dagster_project.project import versions
from dagster_project.project.plan import Node, Plan
from dagster_project.project.renderings import Rendering, Renderings
from dagster_project.project.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dagster_project.project.renderings import Ask

MORNING = datetime(2026, 3, 2, 6, tzinfo=UTC)


def _node(name: str, materialized: str, *parents: str, **more: Any) -> Node:
    is_test = materialized == "test"
    node: dict[str, Any] = {
        "unique_id": name,
        "name": name,
        "file": f"models/{name}.sql",
        "is_test": is_test,
        "relation": name if is_test else f"shop.{name}",
        "materialized": materialized,
        "is_python": False,
        "unique_key": (),
        "is_permanent": False,
        "definition": "",
        "reads_parameters": False,
        "parents": parents,
        "comments": {},
        "severity": "error",
        "fails_if": ("!= 0", "!= 0"),
        "fail_calc": "count(*)",
    }
    return Node(**node | more)


class Shop:
    """A warehouse and a project of a few models, whose SQL each test writes."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.nodes: list[Node] = []
        self.code: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {}
        self.renderings = Renderings("a project")
        self.rendered: list[str] = []
        self.at(MORNING)

    def add(
        self,
        name: str,
        materialized: str,
        code: str,
        reads: Sequence[str] = (),
        parents: Sequence[str] = (),
        hooks: Sequence[str] = (),
        **more: Any,
    ) -> None:
        """Add a model or test, or replace the one with this name."""
        node = _node(name, materialized, *parents, **more)
        self.nodes = [*(one for one in self.nodes if one.name != name), node]
        self.renderings.of.pop(name, None)
        self.code[name] = (code, tuple(reads), tuple(hooks))

    def at(self, instant: datetime) -> None:
        """Set the clock."""
        warehouse.set_clock(self.connection, Clock(instant, is_simulated=True))

    def build(self, *, with_tests: bool = True) -> dict[str, str]:
        """Build; return the status of each node that ran or was skipped."""
        runner = Runner(self.connection, Plan(self.nodes), self.renderings, self._render)
        found = runner.run([node.unique_id for node in self.nodes], with_tests=with_tests)
        self.results = {result.unique_id: result for result in found}
        return {result.unique_id: result.status for result in found}

    def rows(self, table: str) -> list[Any]:
        """The rows of a table, in order."""
        return self.connection.execute(f"from {table} order by all").fetchall()

    def _render(self, node: Node, ask: Ask, connection: duckdb.DuckDBPyConnection) -> Rendering:
        del connection
        code, reads, hooks = self.code[node.name]
        self.rendered.append(node.name)
        asked = [("exists", node.relation, ask(("exists", node.relation)))]
        kind = "view" if node.materialized == "view" else "table"
        create = f"create or replace {kind} {node.sql_name} as ({code})"
        is_code = node.is_test or node.is_python
        return Rendering(code, () if is_code else (create,), hooks, reads, tuple(asked))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    path = tmp_path / "warehouse.duckdb"
    warehouse.create(path)
    with warehouse.connect(path) as connection:
        connection.execute("create table facts (n integer, received_at timestamptz)")
        connection.execute("insert into facts values (1, timestamptz '2026-03-01 00:00Z')")
        yield Shop(connection)


def _chain(shop: Shop) -> None:
    shop.add("staged", "view", "select n from facts", ["main.facts"])
    shop.add("halves", "table", "select n // 2 as h from shop.staged", ["shop.staged"], ["staged"])
    shop.add("total", "table", "select sum(h) as s from shop.halves", ["shop.halves"], ["halves"])
    shop.add("is_small", "test", "select s from shop.total where s > 99", ["shop.total"], ["total"])


def test_only_what_has_a_changed_input_runs(shop: Shop):
    _chain(shop)
    built = {"staged": "success", "halves": "success", "total": "success", "is_small": "pass"}
    assert shop.build() == built
    assert shop.build() == {}
    shop.connection.execute("insert into facts values (4, timestamptz '2026-03-01 00:00Z')")
    assert shop.build() == {name: built[name] for name in ("halves", "total", "is_small")}
    assert shop.rows("shop.total") == [(2,)]


def test_a_model_whose_rows_stay_the_same_runs_nothing_after_it(shop: Shop):
    _chain(shop)
    shop.build()
    shop.connection.execute("update facts set n = 0")  # 0 // 2 = 1 // 2
    assert shop.build() == {"halves": "success"}
    assert shop.build() == {}


@pytest.mark.parametrize(
    ("relation", "after_a_second", "after_a_day"),
    [
        ("control.clock", True, True),
        ("control.today", False, True),
        ("control.known", False, False),
    ],
)
def test_the_passing_of_time_runs_what_reads_it(
    shop: Shop, relation: str, after_a_second: bool, after_a_day: bool
):
    shop.add("timed", "table", "select 1 as one", [relation])
    assert shop.build() == {"timed": "success"}
    shop.at(MORNING + timedelta(seconds=1))
    assert ("timed" in shop.build()) is after_a_second
    shop.at(MORNING + timedelta(days=1))
    assert ("timed" in shop.build()) is after_a_day


def test_a_row_that_becomes_known_by_time_alone_is_a_changed_input(shop: Shop):
    later = MORNING + timedelta(hours=1)
    shop.connection.execute(
        """insert into raw.events by name select 'e' as event_id, 'k' as contact_key, 'n' as name,
        $at as occurred_at, $at as received_at, '{}' as properties, 'f' as file_id, 1 as file_no,
        1 as event_hash""",
        {"at": later},
    )
    known = "where received_at <= (select as_of from control.clock)"
    shop.add("known", "table", f"select count(*) as n from raw.events {known}", ["raw.events"])
    shop.build()
    assert shop.rows("shop.known") == [(0,)]
    shop.at(later - timedelta(microseconds=1))
    assert shop.build() == {}
    shop.at(later)
    assert shop.build() == {"known": "success"}
    assert shop.rows("shop.known") == [(1,)]
    shop.at(later + timedelta(days=9))
    assert shop.build() == {}


def test_a_landed_file_is_a_changed_input_of_its_table_alone(shop: Shop):
    for table in ("events", "tracking"):
        shop.add(table, "table", f"select count(*) as n from raw.{table}", [f"raw.{table}"])
    shop.build()
    shop.connection.execute(
        """insert into raw.files by name select 'f' as file_id, 1 as file_no, 'p' as path,
        's' as sha256, 'events' as kind, 'events' as table_name, true as is_full,
        0 as rows_landed, 0 as rows_duplicate, 0 as rows_rejected, 0 as bytes, 0 as modified_ns,
        '' as mapping, [] as notices, timestamptz '2026-03-02 05:00Z' as landed_at"""
    )
    assert shop.build() == {"events": "success"}


def test_a_parameter_counts_from_the_next_build_on_also_for_rows_of_the_past(shop: Shop):
    warehouse.set_parameters(shop.connection, {"factor": 2})
    factor = "(select value from control.parameters where name = 'factor')"
    code = f"select n, n * {factor} as product from facts"
    reads = ["main.facts", "control.parameters"]
    shop.add("plain", "table", code, reads)
    shop.add("kept", "incremental", code, reads, definition="d", reads_parameters=True)
    shop.build()
    warehouse.set_parameters(shop.connection, {"factor": 3})
    assert shop.build() == {"plain": "success", "kept": "success"}
    assert shop.rows("shop.plain") == shop.rows("shop.kept") == [(1, 3.0)]


def test_an_incremental_model_is_made_from_nothing_when_its_definition_changes(shop: Shop):
    code = "select n from facts"
    shop.add("kept", "incremental", code, ["main.facts"], definition="old")
    shop.build()
    shop.connection.execute("insert into facts values (2, null)")
    shop.build()
    assert shop.rows("shop.kept") == [(1,), (1,), (2,)]
    shop.add("kept", "incremental", code, ["main.facts"], definition="new")
    shop.build()
    assert shop.rows("shop.kept") == [(1,), (2,)]


def test_an_incremental_model_replaces_rows_by_key_and_says_whether_one_changed(shop: Shop):
    shop.add(
        "latest", "incremental", "select 1 as id, max(n) as n from facts", ["main.facts"],
        unique_key=("id",), definition="d",
    )  # fmt: skip
    shop.add("after", "table", "select n from shop.latest", ["shop.latest"], ["latest"])
    shop.build()
    shop.connection.execute("insert into facts values (0, null)")
    assert shop.build() == {"latest": "success"}
    shop.connection.execute("insert into facts values (7, null)")
    assert shop.build() == {"latest": "success", "after": "success"}
    assert shop.rows("shop.latest") == [(1, 7)]


@pytest.mark.parametrize(
    ("change", "is_same_table"),
    [
        ("update facts set n = -7 where n = 7", True),
        ("delete from facts where n in (8, 9)", True),
        ("insert into facts values (-1, null), (-2, null)", True),
        ("insert into facts values (8, null)", False),  # two equal rows
        ("update facts set n = n + 20000", False),  # most rows
        ("delete from facts", False),
    ],
)
def test_a_large_table_gets_the_rows_that_differ(shop: Shop, change: str, is_same_table: bool):
    shop.connection.execute("delete from facts")
    shop.connection.execute("insert into facts select unnest(range(30000)), null")
    shop.add("large", "table", "select n as id, n * 2 as twice from facts", ["main.facts"])
    shop.add("after", "table", "select sum(twice) as s from shop.large", ["shop.large"], ["large"])
    shop.build()
    table = "(select table_oid from duckdb_tables() where table_name = 'large')"
    before = shop.rows(table)
    shop.connection.execute(change)
    assert shop.build() == {"large": "success", "after": "success"}
    assert shop.rows("shop.large") == shop.rows("(select n as id, n * 2 as twice from facts)")
    assert shop.rows("shop.after") == shop.rows("(select sum(n * 2) as s from facts)")
    assert (shop.rows(table) == before) is is_same_table
    assert shop.build() == {}


def test_the_name_of_a_column_does_not_hide_the_other_columns(shop: Shop):
    """SQL that names a table `t` means the column `t`, if the table has one."""
    named = ", ".join(f"1 as {name}" for name in "acdefghijklmopqrstuvwxyz")
    shop.add("named", "table", f"select n, {named} from facts", ["main.facts"])
    shop.add("after", "table", "select max(n) as n from shop.named", ["shop.named"], ["named"])
    shop.build()
    shop.connection.execute("update facts set n = 7")
    assert shop.build() == {"named": "success", "after": "success"}
    assert shop.rows("shop.after") == [(7,)]


def test_a_post_hook_that_deletes_rows_of_the_model_changes_its_version(shop: Shop):
    hook = 'delete from "warehouse"."shop"."kept" where n in (select n from gone)'
    shop.connection.execute("create table gone (n integer)")
    shop.add(
        "kept", "incremental", "select n from facts where false", ["main.facts", "main.gone"],
        hooks=[hook], definition="d",
    )  # fmt: skip
    shop.add("after", "table", "select count(*) as c from shop.kept", ["shop.kept"], ["kept"])
    shop.build()
    shop.connection.execute("insert into shop.kept values (5)")
    shop.connection.execute("insert into gone values (5)")
    assert shop.build() == {"kept": "success", "after": "success"}
    assert shop.rows("shop.kept") == []


def test_a_watermark_that_another_model_moves_is_an_input_and_the_own_watermark_is_none(shop: Shop):
    read = "(select max(as_of) from control.watermarks where model = '{}')"
    shop.connection.execute(
        """insert into control.watermarks
        select unnest(['mine', 'other']), timestamptz '2026-03-01 00:00Z', 1"""
    )
    hook = "update control.watermarks set file_no = file_no + 1 where model = '{}'"
    shop.add("mine", "table", "select " + read.format("mine"), ["control.watermarks"], hooks=[
        hook.format("mine")
    ])  # fmt: skip
    shop.add("looks", "table", "select " + read.format("other"), ["control.watermarks"])
    shop.build()
    assert shop.build() == {}
    shop.connection.execute(hook.format("mine"))
    assert shop.build() == {}
    shop.connection.execute(hook.format("other"))
    assert shop.build() == {"looks": "success"}


def test_a_later_watermark_is_no_changed_input_of_a_table_without_rows(shop: Shop):
    """Else a trigger that found nothing and the decision that it has looked run each other."""
    shop.connection.execute(
        "insert into control.watermarks values ('other', timestamptz '2026-03-01 00:00Z', 1)"
    )
    after = "select n from facts where n > (select file_no from {} where model = 'other')"
    shop.add("looks", "table", after.format("control.watermarks"), ["control.watermarks"])
    shop.connection.execute("insert into facts values (2, null)")
    shop.build()
    assert shop.rows("shop.looks") == [(2,)]
    for found in ({"looks": "success"}, {"looks": "success"}, {}):
        shop.connection.execute("update control.watermarks set file_no = file_no + 1")
        assert shop.build() == found


def test_a_view_is_made_again_when_a_column_that_it_reads_changes_or_it_is_gone(shop: Shop):
    shop.add("all_facts", "view", "select * from facts", ["main.facts"])
    assert shop.build() == {"all_facts": "success"}
    assert shop.build() == {}
    shop.connection.execute("alter table facts add column more varchar")
    assert shop.build() == {"all_facts": "success"}
    assert len(shop.rows("shop.all_facts")[0]) == 3
    shop.connection.execute("drop view shop.all_facts")
    assert shop.build() == {"all_facts": "success"}


def test_a_table_becomes_a_view_and_a_view_a_table(shop: Shop):
    for materialized in ("view", "table", "view"):
        shop.add("changing", materialized, "select 1 as one", ["main.facts"])
        assert shop.build() == {"changing": "success"}
        assert shop.build() == {}


def test_a_view_becomes_an_incremental_model(shop: Shop):
    shop.add("changing", "view", "select n from facts", ["main.facts"])
    shop.build()
    shop.add("changing", "incremental", "select n from facts", ["main.facts"], definition="d")
    assert shop.build() == {"changing": "success"}
    assert shop.rows("shop.changing") == [(1,)]


@pytest.mark.parametrize("condition", ["true", "false"])
@pytest.mark.parametrize("code", ["select n as m from facts", "select n::bigint as n from facts"])
def test_equal_rows_with_other_columns_are_other_rows(shop: Shop, code: str, condition: str):
    shop.add("given", "table", f"select n from facts where {condition}", ["main.facts"])
    shop.add("taken", "table", "select * from shop.given", ["shop.given"])
    shop.build()
    shop.add("given", "table", f"{code} where {condition}", ["main.facts"])
    shop.nodes.reverse()
    assert shop.build() == {"given": "success", "taken": "success"}
    wanted = shop.connection.execute(code).description
    assert shop.connection.execute("from shop.taken").description == wanted


def test_a_changed_description_is_written(shop: Shop):
    for text in ("one", "two"):
        shop.add("described", "table", "select n from facts", ["main.facts"], comments={"": text})
        assert shop.build() == {"described": "success"}
        assert shop.rows(
            "(select comment from duckdb_tables() where table_name = 'described')"
        ) == [(text,)]


def test_a_failed_model_keeps_its_rows_and_stops_the_models_after_it(shop: Shop):
    _chain(shop)
    shop.add("apart", "table", "select max(n) as n from facts", ["main.facts"])
    shop.build()
    before = shop.rows("control.builds")
    hooks = ["insert into nothing values (1)"]
    shop.add("halves", "table", "select 9 as h from facts", ["main.facts"], ["staged"], hooks=hooks)
    shop.connection.execute("insert into facts values (6, null)")
    shop.nodes.sort(
        key=lambda node: ["staged", "halves", "total", "is_small", "apart"].index(node.name)
    )
    found = {"halves": "error", "total": "skipped", "is_small": "skipped", "apart": "success"}
    assert shop.build() == found
    assert "nothing" in shop.results["halves"].message
    assert "models/halves.sql" in shop.results["halves"].message
    assert shop.rows("shop.halves") == [(0,)]
    kept = [row for row in shop.rows("control.builds") if row[0] != "shop.apart"]
    assert kept == [row for row in before if row[0] != "shop.apart"]


def test_a_python_model_that_raises_is_a_failed_model(shop: Shop):
    code = "class dbtObj:\n  def __init__(self, load): pass\ndef model(dbt, session):\n  {}"
    more: Any = {"is_python": True, "definition": "d"}
    shop.add("made", "incremental", code.format("return session.sql('select 1 as n')"), **more)
    assert shop.build() == {"made": "success"}
    shop.add("made", "incremental", code.format("raise KeyError('n')"), **more)
    assert shop.build() == {"made": "error"}
    assert shop.rows("shop.made") == [(1,)]


def test_a_failed_test_stops_the_models_after_its_model_and_runs_until_it_passes(shop: Shop):
    _chain(shop)
    shop.add("after", "table", "select s from shop.total", ["shop.total"], ["total"])
    shop.connection.execute("insert into facts values (400, null)")
    found = shop.build()
    assert (found["total"], found["is_small"], found["after"]) == ("success", "fail", "skipped")
    assert shop.results["is_small"].failures == 1
    assert shop.build() == {"is_small": "fail", "after": "skipped"}
    shop.connection.execute("delete from facts where n = 400")
    assert shop.build()["is_small"] == "pass"
    assert shop.rows("shop.after") == [(0,)]


def test_a_test_that_cannot_run_stops_the_models_after_its_model(shop: Shop):
    _chain(shop)
    shop.add("is_small", "test", "select nothing from shop.total", ["shop.total"], ["total"])
    shop.add("after", "table", "select s from shop.total", ["shop.total"], ["total"])
    found = shop.build()
    assert (found["is_small"], found["after"]) == ("error", "skipped")


def test_a_test_runs_again_when_its_severity_changes(shop: Shop):
    for severity, found in (("warn", "warn"), ("error", "fail"), ("warn", "warn")):
        shop.add("is_empty", "test", "select n from facts", ["main.facts"], severity=severity)
        assert shop.build() == {"is_empty": found}
    assert shop.build() == {}


def test_a_warning_stops_nothing(shop: Shop):
    _chain(shop)
    shop.add(
        "is_small", "test", "select s from shop.total", ["shop.total"], ["total"], severity="warn"
    )
    shop.add("after", "table", "select s from shop.total", ["shop.total"], ["total"])
    found = shop.build()
    assert (found["is_small"], found["after"]) == ("warn", "success")
    assert shop.build() == {}


def test_decisions_keep_their_columns(shop: Shop):
    shop.add("made", "incremental", "select n from facts", ["main.facts"], is_permanent=True)
    shop.build()
    shop.add(
        "made", "incremental", "select n, 1 as m from facts", ["main.facts"], is_permanent=True
    )
    assert shop.build() == {"made": "error"}
    assert "new ['m'], missing none" in shop.results["made"].message
    assert shop.rows("shop.made") == [(1,)]


def test_what_changed_the_rows_apart_from_a_build_can_say_so(shop: Shop):
    _chain(shop)
    shop.build()
    shop.connection.execute("update shop.total set s = 77")
    versions.forget(shop.connection, ["shop.total"])
    assert shop.build() == {"total": "success"}
    assert shop.rows("shop.total") == [(0,)]
    versions.forget_rows(shop.connection)
    assert set(shop.build()) == {"staged", "halves", "total", "is_small"}
