"""Build the models for each day: record the SQL of a dbt build, then repeat it without dbt.

The clock is a table, so dbt runs the same statements on most days. Rendering the statements in dbt
takes several times as long as running them in DuckDB. A macro may query the warehouse while dbt
renders a model. The recording therefore includes each query and its answer; on a day with another
answer, dbt builds again and is recorded again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from dagster_project.home.settings import EXAMPLE_MARKER, Settings
from dagster_project.project import dbt
from dagster_project.replay.plan import selector
from dagster_project.replay.scratch_warehouse import ScratchWarehouse

# dbt prefixes each statement with a comment.
_READS = re.compile(r"\s*(/\*.*?\*/\s*)*(select|with|from|describe)\b", re.DOTALL | re.IGNORECASE)
# Catalog queries of dbt-duckdb have the same answers on every day after the first.
_CATALOG_QUERY = re.compile(
    r"information_schema\.|duckdb_\w+\(|\bdescribe\b|\bversion\(\)", re.IGNORECASE
)
# dbt/macros/kept_until.sql: a query whose answer changes when the table must be rebuilt.
_MADE_FROM = re.compile(r"\bas made_from\s*$")
_IS_KEPT = re.compile(r"\bfrom control\.kept_tables\b")

Answer = list[tuple[Any, ...]] | None


@dataclass
class Step:
    """The recorded build of one model.

    Attributes:
        unique_id: the dbt id of the model.
        questions: the queries of macros, with their answers.
        statements: the statements that wrote the model.
        made_from: a query whose answer changes when the model must be rebuilt; None for a model
            that is built every time.
    """

    unique_id: str
    questions: list[tuple[str, Answer]] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    made_from: str | None = None


class Builder:
    """Builds the models of a plan after each change of the clock."""

    def __init__(self, settings: Settings, scratch: ScratchWarehouse) -> None:
        self._settings = settings.model_copy(update={"home": scratch.home})
        (scratch.home / EXAMPLE_MARKER).write_text(settings.live_example, encoding="utf-8")
        self._scratch = scratch
        self._python = {
            node["unique_id"]: node for node in scratch.plan.nodes if node["language"] == "python"
        }
        self._inputs: dict[str, Any] = {}
        self._made_from: dict[str, Answer] = {}
        self._recordings: list[list[Step]] = []
        self._is_first = True

    def build(self) -> None:
        """Build every model of the plan at the clock.

        Raises:
            DbtError: a model failed.
        """
        if self._is_first:
            self._with_dbt(self._scratch.plan.selectors)  # not recorded: creates the tables
            self._is_first = False
        elif not any(self._repeat(steps) for steps in self._recordings):
            # A partly repeated recording is harmless: models can be built twice for one clock.
            steps: list[Step] = []
            self._with_dbt(self._scratch.plan.selectors, steps)
            self._recordings.insert(0, steps)
        else:
            return
        self._inputs = {name: self._input(node) for name, node in self._python.items()}

    def _with_dbt(self, select: Sequence[str], steps: list[Step] | None = None) -> None:
        def record(statement: dbt.Statement) -> None:
            self._record(steps, statement)

        # dbt skips a table listed here, and a skipped table has no statements to record.
        self._scratch.connection.execute("delete from control.kept_tables")
        results = dbt.build(
            self._settings,
            select,
            with_tests=False,
            on_statement=None if steps is None else record,
        )
        dbt.raise_for(results)

    def _record(self, steps: list[Step] | None, statement: dbt.Statement) -> None:
        # A view reads the clock when queried.
        if steps is None or statement.materialized == "view":
            return
        if not steps or steps[-1].unique_id != statement.unique_id:
            steps.append(Step(statement.unique_id))
        if not _READS.match(statement.sql):
            steps[-1].statements.append(statement.sql)
        elif _MADE_FROM.search(statement.sql):
            steps[-1].made_from = statement.sql
            self._made_from[statement.unique_id] = self._ask(statement.sql)
        elif _IS_KEPT.search(statement.sql):
            return
        elif not _CATALOG_QUERY.search(statement.sql):
            steps[-1].questions.append((statement.sql, self._ask(statement.sql)))

    def _ask(self, question: str) -> Answer:
        connection = self._scratch.connection.cursor()
        try:
            return connection.execute(question).fetchall()
        except duckdb.Error:
            return None  # the query reads a temporary table of dbt
        finally:
            connection.close()

    def _repeat(self, steps: list[Step]) -> bool:
        """Repeat a recording; False if a query has another answer now."""
        for step in steps:
            if any(self._ask(question) != answer for question, answer in step.questions):
                return False
            if not self._must_be_built(step):
                continue
            if step.unique_id in self._python:
                self._repeat_python(step.unique_id)
            else:
                self._run(step)
        return True

    def _must_be_built(self, step: Step) -> bool:
        if step.made_from is None:
            return True
        found = self._ask(step.made_from)
        has_changed = found != self._made_from.get(step.unique_id)
        self._made_from[step.unique_id] = found
        return has_changed

    def _run(self, step: Step) -> None:
        # One connection per model, as in dbt: closing it drops temporary tables.
        connection = self._scratch.connection.cursor()
        try:
            connection.execute("set timezone = 'UTC'")
            for statement in step.statements:
                connection.execute(statement)
        except duckdb.Error as error:
            raise dbt.DbtError(f"{step.unique_id}: {error}") from error
        finally:
            connection.close()

    def _repeat_python(self, unique_id: str) -> None:
        """Run a Python model in dbt if its input has changed: it has no statements to repeat."""
        node = self._python[unique_id]
        found = self._input(node)
        if found != self._inputs[unique_id]:
            self._with_dbt([selector(node)])
            self._inputs[unique_id] = found

    def _input(self, node: Mapping[str, Any]) -> list[Any]:
        read = set(node["depends_on"]["nodes"])
        tables = [
            f'"{model["schema"]}"."{model["alias"]}"'
            for model in self._scratch.plan.nodes
            if model["unique_id"] in read
        ]
        return [
            self._scratch.connection.execute(
                f"select count(*), bit_xor(hash(t)) from {table} as t"  # noqa: S608
            ).fetchall()
            for table in tables
        ]
