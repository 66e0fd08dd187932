"""The build of a tick: run the models and data tests with a changed input, in order.

dbt renders the SQL (`compiler.py`); this module runs it. A model runs if its code differs from its
last build, or the version of a relation that it reads (`versions.py`). Its rows, its post-hooks and
its new version are one transaction: a killed build leaves no half of a model.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import duckdb

from dagster_project.home.sql import identifier, literal
from dagster_project.project.plan import Node, Plan
from dagster_project.project.renderings import Answer, NodeError, Question, Rendering, Renderings
from dagster_project.project.versions import (
    ROW,
    STATE,
    WATERMARKS,
    Build,
    Marks,
    columns_of,
    content_mark,
    hashed,
    is_empty,
    read_builds,
    rows_mark,
    rows_of,
    write_build,
)

# The rows of an incremental model before they replace older ones.
_INCOMING = "temp.main.incoming"
# From this number of rows on, a build writes only the rows of a table that differ …
_MANY_ROWS = 20_000
# … unless more than half of them do.
_FEW = 2

Render = Callable[[Node, Callable[[Question], Answer], duckdb.DuckDBPyConnection], Rendering]


@dataclass(frozen=True)
class NodeResult:
    """The result of one model or test that ran, or that could not.

    Attributes:
        unique_id: dbt's id of the node.
        status: success, pass, fail, warn, error or skipped.
        seconds: execution time.
        message: the reason of a failure.
        failures: the number of wrong rows that a test found.
    """

    unique_id: str
    status: str
    seconds: float = 0.0
    message: str = ""
    failures: int = 0

    @property
    def is_ok(self) -> bool:
        """Whether the model was built, or the test passed or only warned."""
        return self.status in ("success", "pass", "warn")


class Runner:
    """One build over an open warehouse."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        plan: Plan,
        renderings: Renderings,
        render: Render,
    ) -> None:
        self._connection = connection
        self._plan = plan
        self._renderings = renderings
        self._render = render
        self._builds = read_builds(connection)
        self._marks = Marks(connection)
        self._kinds = _kinds_of_relations(connection)
        self._watermarks: dict[str, str] | None = None
        self._views: dict[str, str] = {}
        self._view_renderings: dict[str, Rendering] = {}
        self._signatures: dict[str, str] = {}

    def run(self, wanted: Iterable[str], *, with_tests: bool = True) -> list[NodeResult]:
        """Run the nodes that have a changed input.

        Args:
            wanted: the ids of the nodes to look at.
            with_tests: whether data tests run.

        Returns:
            The nodes that ran, in order, and those that were skipped after a failure.
        """
        chosen = {*wanted}
        self._create_schemas()
        results: list[NodeResult] = []
        failed: set[str] = set()
        failed_tests: list[Node] = []
        for node in self._plan.nodes:
            if node.unique_id not in chosen or (node.is_test and not with_tests):
                continue
            above = self._plan.ancestors[node.unique_id]
            if failed & above or (
                not node.is_test and any(above >= {*test.parents} for test in failed_tests)
            ):
                failed.add(node.unique_id)
                results.append(NodeResult(node.unique_id, "skipped"))
                continue
            result = self._timed(node)
            if result is None:
                continue
            results.append(result)
            if not result.is_ok and node.is_test:
                failed_tests.append(node)
            elif not result.is_ok:
                failed.add(node.unique_id)
        return results

    def _create_schemas(self) -> None:
        wanted = {name.partition(".")[0] for name in self._plan.models}
        has = {name.partition(".")[0] for name in self._kinds}
        for schema in sorted(wanted - has):
            self._connection.execute(f"create schema if not exists {identifier(schema)}")

    def _timed(self, node: Node) -> NodeResult | None:
        started = time.monotonic()
        try:
            result = self._look_at(node)
        except Exception as error:  # noqa: BLE001 - a Python model may raise anything
            kind = "test" if node.is_test else "model"
            message = f"Error in {kind} {node.name} ({node.file})\n  {error}"
            return NodeResult(node.unique_id, "error", time.monotonic() - started, message)
        return result and replace(result, seconds=time.monotonic() - started)

    def _look_at(self, node: Node) -> NodeResult | None:
        before = self._builds.get(node.relation)
        if not node.is_test and node.relation not in self._kinds:
            before = None
        if node.definition and (before is None or before.definition != self._definition(node)):
            # Rows of an older rule: the table is made from nothing, in the transaction below.
            if self._kinds.get(node.relation) == "table":
                del self._kinds[node.relation]
            before = None
        known = self._renderings.of.get(node.unique_id, ())
        is_known = before is not None and any(_code(node, one) == before.code for one in known)
        if before is not None and is_known and before.inputs == self._inputs(node):
            return None
        rendering = self._rendering(node)
        inputs = self._inputs(node)
        if before is not None and (before.code, before.inputs) == (_code(node, rendering), inputs):
            return None
        if node.is_test:
            return self._test(node, rendering, inputs)
        self._run(node, rendering, before, inputs)
        return NodeResult(node.unique_id, "success")

    # What a node reads, and in which version.

    def _rendering(self, node: Node) -> Rendering:
        ask = partial(self._answer, node)
        found = self._renderings.find(node.unique_id, ask)
        if found is None:
            found = self._render(node, ask, self._connection)
            self._renderings.add(node.unique_id, found)
        return found

    def _answer(self, node: Node, question: Question) -> Answer:
        kind, about = question
        if kind == "exists":
            return self._kinds.get(about)
        if kind == "columns":
            found = columns_of(self._connection, about)
            return found and [[name, type_] for name, type_ in found]
        if kind == "changed":
            before = self._builds.get(node.relation)
            return before is None or before.inputs.get(about) != self._version(about)
        rows = self._connection.execute(about).fetchall()
        return [[_as_json(value) for value in row] for row in rows]

    def _inputs(self, node: Node) -> dict[str, str]:
        known = self._renderings.of[node.unique_id]
        reads = {name for one in known for name in one.reads}
        version = self._signature if node.materialized == "view" else self._version
        inputs = {name: version(name) for name in sorted(reads - STATE - {node.relation})}
        if WATERMARKS in reads and node.materialized != "view":
            inputs[WATERMARKS] = self._watermarks_read(node, known)
        return inputs

    def _watermarks_read(self, node: Node, known: Sequence[Rendering]) -> str:
        """The watermarks that other models move; those of its own are the model's state.

        Watermarks only move on, and a table has what is after them: a table without rows has none
        after a later watermark either.
        """
        before = self._builds.get(node.relation)
        if node.materialized == "table" and before is not None and is_empty(before.version):
            return ""
        if self._watermarks is None:
            rows = self._connection.execute(
                "select model, cast(as_of as varchar), file_no from control.watermarks order by all"
            ).fetchall()
            self._watermarks = {model: f"{as_of} {file_no}" for model, as_of, file_no in rows}
        return hashed(
            *[
                f"{model} {mark}"
                for model, mark in self._watermarks.items()
                if any(f"'{model}'" in one.code for one in known)
                and not any(f"'{model}'" in hook for one in known for hook in one.hooks)
            ]
        )

    def _version(self, relation: str) -> str:
        node = self._plan.models.get(relation)
        if node is not None and node.materialized == "view" and relation in self._kinds:
            if relation not in self._views:
                rendering = self._view_renderings.get(relation) or self._rendering(node)
                self._view_renderings[relation] = rendering
                reads = [f"{name}={self._version(name)}" for name in rendering.reads]
                self._views[relation] = hashed(rendering.code, *reads)
            return self._views[relation]
        if node is not None and relation in self._builds and relation in self._kinds:
            return self._builds[relation].version
        return self._marks[relation]

    def _signature(self, relation: str) -> str:
        """A view depends on the columns that it reads: it may read `select *`."""
        if relation not in self._signatures:
            found = columns_of(self._connection, relation) or []
            self._signatures[relation] = hashed(*[" ".join(column) for column in found])
        return self._signatures[relation]

    def _definition(self, node: Node) -> str:
        """The definition, with the parameters if the rows depend on any."""
        if not node.reads_parameters:
            return node.definition
        return hashed(node.definition, self._marks["control.parameters"])

    # Running.

    def _run(
        self, node: Node, rendering: Rendering, before: Build | None, inputs: Mapping[str, str]
    ) -> None:
        connection = self._connection
        is_there = self._kinds.get(node.relation) == "table"
        if node.is_permanent and (before is None or before.code != _code(node, rendering)):
            self._require_columns(node, rendering)
        old = before.version if before is not None else None
        is_same_code = before is not None and before.code == _code(node, rendering)
        connection.execute("begin")
        try:
            if node.is_python:
                self._run_python(node, rendering)
            if node.materialized == "incremental" and is_there:
                version = self._add(node, rendering, old)
            elif old and is_there and is_same_code and self._is_large(node, rendering, old):
                version = self._replace_differing(node, rendering, old)
            else:
                version = self._create(node, rendering, is_same_code=is_same_code, old=old)
            for hook in rendering.hooks:
                if self._has_written(node, hook):
                    version = secrets.token_hex(8)
            build = Build(version, _code(node, rendering), self._definition(node), inputs)
            write_build(connection, node.relation, build)
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise
        finally:
            connection.execute(f"drop table if exists {_INCOMING}")
        self._builds[node.relation] = build
        self._kinds[node.relation] = "view" if node.materialized == "view" else "table"
        if rendering.hooks:
            self._watermarks = None
        if version != old:
            self._views.clear()
        self._signatures.pop(node.relation, None)
        self._view_renderings.pop(node.relation, None)

    def _create(
        self, node: Node, rendering: Rendering, *, is_same_code: bool, old: str | None
    ) -> str:
        connection = self._connection
        is_view = node.materialized == "view"
        there = self._kinds.get(node.relation)
        if there is not None and (there == "view") != is_view:
            connection.execute(f"drop {there} {node.sql_name}")
        statements = rendering.create or (
            f"create or replace table {node.sql_name} as from {_INCOMING}",
        )
        for statement in statements:
            connection.execute(statement)
        self._comment(node, is_view=is_view)
        if is_view:
            return rendering.mark
        version = content_mark(connection, node.sql_name)
        if version == old and is_same_code:
            # The same rows: the file keeps the table that it has.
            connection.execute("rollback")
            connection.execute("begin")
        return version

    def _is_large(self, node: Node, rendering: Rendering, old: str) -> bool:
        """Whether a table has many rows, and the columns that the rendering gives."""
        if rows_of(old) < _MANY_ROWS or len(rendering.create) != 1:
            return False
        gives = self._connection.execute(f"from ({rendering.code}) limit 0").description or []
        found = [(str(column[0]), str(column[1])) for column in gives]
        return found == columns_of(self._connection, node.relation)

    def _replace_differing(self, node: Node, rendering: Rendering, old: str) -> str:
        """Write only the rows that differ: to write a wide table costs more than to compute it."""
        connection = self._connection
        connection.execute(
            f"""create or replace temp table incoming as
            with came as materialized (
                select *, hash({ROW}) as came_hash from ({rendering.code}) as {ROW}
            ),
            went as (
                select hash({ROW}) as went_hash from {node.sql_name} as {ROW}
            )
            select came.* exclude (came_hash), came_hash, went_hash, null as all_came
            from came full join went on came_hash = went_hash
            where came_hash is null or went_hash is null
            union all by name
            select count(*) || ':' || coalesce(sum(came_hash), 0) as all_came from came"""  # noqa: S608
        )
        [(came, went, all_came)] = connection.execute(
            f"select count(came_hash), count(went_hash), max(all_came) from {_INCOMING}"  # noqa: S608
        ).fetchall()
        if max(came, went) * _FEW > rows_of(old):
            return self._create(node, rendering, is_same_code=True, old=old)
        if came or went:
            connection.execute(
                f"""delete from {node.sql_name} as {ROW} using {_INCOMING} as i
                where hash({ROW}) = i.went_hash"""  # noqa: S608
            )
            connection.execute(
                f"""insert into {node.sql_name} by name
                select * exclude (came_hash, went_hash, all_came) from {_INCOMING}
                where came_hash is not null"""  # noqa: S608
            )
        if rows_mark(connection, node.sql_name) != all_came:
            # Several equal rows are one row to the join: such a table is written whole.
            return self._create(node, rendering, is_same_code=True, old=old)
        return content_mark(connection, node.sql_name)

    def _add(self, node: Node, rendering: Rendering, old: str | None) -> str:
        """Add the rows of an incremental model; the version changes if a row does."""
        connection = self._connection
        source = f"from {_INCOMING}" if node.is_python else f"({rendering.code})"
        version = old or secrets.token_hex(8)
        if not node.unique_key:
            [(added,)] = connection.execute(
                f"insert into {node.sql_name} by name {source}"
            ).fetchall()
            return secrets.token_hex(8) if added else version
        if not node.is_python:
            connection.execute(f"create or replace temp table incoming as {source}")
        columns = [name for name, _ in columns_of(connection, "main.incoming") or ()]
        listed = ", ".join(f"t.{identifier(name)}" for name in columns)
        keys = " and ".join(
            f"t.{identifier(name)} = i.{identifier(name)}" for name in node.unique_key
        )
        was = rows_mark(
            connection,
            f"(select {listed} from {node.sql_name} as t semi join {_INCOMING} as i on {keys})",  # noqa: S608
        )
        if was == rows_mark(connection, _INCOMING):
            return version
        named = ", ".join(identifier(name) for name in node.unique_key)
        connection.execute(
            f"""delete from {node.sql_name} as t
            using (select distinct {named} from {_INCOMING}) as i where {keys}"""  # noqa: S608
        )
        connection.execute(f"insert into {node.sql_name} by name from {_INCOMING}")
        return secrets.token_hex(8)

    def _run_python(self, node: Node, rendering: Rendering) -> None:
        """Run a Python model as dbt-duckdb does; its rows are in the temporary table."""
        module: dict[str, Any] = {}
        exec(compile(rendering.code, node.file, "exec"), module)  # noqa: S102 - the project's code
        load: Callable[[str], Any] = lambda name: self._connection.query(f"from {name}")  # noqa: E731
        rows = module["model"](module["dbtObj"](load), self._connection)
        self._connection.register("python_rows", rows)
        self._connection.execute("create or replace temp table incoming as from python_rows")
        self._connection.unregister("python_rows")

    def _has_written(self, node: Node, hook: str) -> bool:
        """Run a post-hook; say whether it changed rows of the model."""
        has_written = False
        for statement in self._connection.extract_statements(hook):
            found = self._connection.execute(statement).fetchall()
            if node.sql_name in statement.query.partition(" where ")[0]:
                has_written |= bool(found and found[0][0])
        return has_written

    def _comment(self, node: Node, *, is_view: bool) -> None:
        for column, text in node.comments.items():
            what = f"column {node.sql_name}.{identifier(column)}"
            if not column:
                what = f"{'view' if is_view else 'table'} {node.sql_name}"
            self._connection.execute(f"comment on {what} is {literal(text)}")

    def _require_columns(self, node: Node, rendering: Rendering) -> None:
        """Refuse decisions with other columns than those on record."""
        has = columns_of(self._connection, node.relation)
        if has is None or node.materialized == "view" or node.is_python:
            return
        found = self._connection.execute(f"from ({rendering.code}) limit 0").description or []
        wanted = {name for name, _ in has}
        gives = {str(column[0]) for column in found}
        if gives != wanted:
            more, fewer = sorted(gives - wanted), sorted(wanted - gives)
            raise NodeError(
                f"the columns differ from the decisions on record: new {more or 'none'}, "
                f"missing {fewer or 'none'}. Decisions stay: keep the columns, or alter the table"
            )

    def _test(self, node: Node, rendering: Rendering, inputs: Mapping[str, str]) -> NodeResult:
        error_if, warn_if = node.fails_if
        [(failures, is_error, is_warning)] = self._connection.execute(
            f"""select n, n {error_if}, n {warn_if}
            from (select {node.fail_calc} as n from ({rendering.code}) as wrong)"""  # noqa: S608
        ).fetchall()
        failures = int(failures or 0)
        message = f"{failures} wrong rows ({node.file})" if failures else ""
        if node.severity == "error" and is_error:
            self._forget(node)
            return NodeResult(node.unique_id, "fail", message=message, failures=failures)
        build = Build("passed", _code(node, rendering), "", inputs)
        write_build(self._connection, node.relation, build)
        self._builds[node.relation] = build
        status = "warn" if is_warning else "pass"
        return NodeResult(node.unique_id, status, message=message, failures=failures)

    def _forget(self, node: Node) -> None:
        self._connection.execute(
            "delete from control.builds where relation = $name", {"name": node.relation}
        )
        self._builds.pop(node.relation, None)


def _code(node: Node, rendering: Rendering) -> str:
    """What `control.builds` has as the code of a run."""
    return hashed(rendering.mark, node.mark)


def _kinds_of_relations(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    rows = connection.execute(
        """select schema_name || '.' || table_name, 'table' from duckdb_tables()
        where database_name = current_database() and not temporary
        union all
        select schema_name || '.' || view_name, 'view' from duckdb_views()
        where database_name = current_database() and not temporary"""
    ).fetchall()
    return dict(rows)


def _as_json(value: Any) -> Any:  # noqa: ANN401 - any value of a row
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)
