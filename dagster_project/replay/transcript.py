"""What dbt did to bring the models from one day to the next, done again without dbt.

Models are functions of the warehouse, and the clock is a table in it: on most days dbt would run
the same statements. Rendering them takes it several times as long as DuckDB takes to run them.
Where dbt asks the warehouse before it renders, the answer is part of the transcript: on a day with
another one dbt is asked again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from dagster_project.home.settings import Settings
from dagster_project.project import dbt
from dagster_project.replay.plan import selector
from dagster_project.replay.scratch import Scratch

# dbt puts its comment first.
_READS = re.compile(r"\s*(/\*.*?\*/\s*)*(select|with|from|describe)\b", re.DOTALL | re.IGNORECASE)
# What dbt-duckdb asks the catalogue is the same on every day after the first.
_OF_CATALOGUE = re.compile(
    r"information_schema\.|duckdb_\w+\(|\bdescribe\b|\bversion\(\)", re.IGNORECASE
)
# dbt/macros/kept_until.sql: what a table is made from, that stays while this does.
_MADE_FROM = re.compile(r"\bas made_from\s*$")
_IS_KEPT = re.compile(r"\bfrom control\.kept_tables\b")

Answer = list[tuple[Any, ...]] | None


@dataclass
class Step:
    """What dbt did for one model.

    Attributes:
        unique_id: dbt's id of the model.
        questions: what it asked the warehouse, and the answers.
        statements: what it then ran.
        made_from: a question whose answer is another when the model has to be made anew; none for
            a model that is made every time.
    """

    unique_id: str
    questions: list[tuple[str, Answer]] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    made_from: str | None = None


class Builder:
    """Builds the models of a plan, each time the clock has gone on."""

    def __init__(self, settings: Settings, scratch: Scratch) -> None:
        self._settings = settings.model_copy(update={"home": scratch.home})
        self._scratch = scratch
        self._python = {
            node["unique_id"]: node for node in scratch.plan.nodes if node["language"] == "python"
        }
        self._inputs: dict[str, Any] = {}
        self._made_from: dict[str, Answer] = {}
        self._transcripts: list[list[Step]] = []
        self._is_first = True

    def build(self) -> None:
        """Bring every model of the plan to where the clock stands.

        Raises:
            DbtError: a model failed.
        """
        if self._is_first:
            self._with_dbt(self._scratch.plan.selectors)  # makes what is not there
            self._is_first = False
        elif not any(self._repeat(steps) for steps in self._transcripts):
            # Finds it there, as on every day from now on. To build a day twice is no harm: a tick
            # that died half-way is done again just so.
            steps: list[Step] = []
            self._with_dbt(self._scratch.plan.selectors, steps)
            self._transcripts.insert(0, steps)
        else:
            return
        self._inputs = {name: self._input(node) for name, node in self._python.items()}

    def _with_dbt(self, select: Sequence[str], steps: list[Step] | None = None) -> None:
        def record(statement: dbt.Statement) -> None:
            self._record(steps, statement)

        # A table that dbt leaves as it is has no statements to record.
        self._scratch.connection.execute("delete from control.kept_tables")
        results = dbt.build(
            self._settings,
            select,
            with_tests=False,
            on_statement=None if steps is None else record,
        )
        dbt.raise_for(results)

    def _record(self, steps: list[Step] | None, statement: dbt.Statement) -> None:
        # A view reads the clock by itself.
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
        elif not _OF_CATALOGUE.search(statement.sql):
            steps[-1].questions.append((statement.sql, self._ask(statement.sql)))

    def _ask(self, question: str) -> Answer:
        connection = self._scratch.connection.cursor()
        try:
            return connection.execute(question).fetchall()
        except duckdb.Error:
            return None  # of a temporary table of dbt's
        finally:
            connection.close()

    def _repeat(self, steps: list[Step]) -> bool:
        """Do what a transcript says; false when a question has another answer now."""
        for step in steps:
            if any(self._ask(question) != answer for question, answer in step.questions):
                return False
            if not self._has_to_be_made(step):
                continue
            if step.unique_id in self._python:
                self._repeat_python(step.unique_id)
            else:
                self._run(step)
        return True

    def _has_to_be_made(self, step: Step) -> bool:
        if step.made_from is None:
            return True
        found = self._ask(step.made_from)
        is_another = found != self._made_from.get(step.unique_id)
        self._made_from[step.unique_id] = found
        return is_another

    def _run(self, step: Step) -> None:
        # A connection a model, as dbt has it: temporary tables end with it.
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
        """What a model in Python did is no statement: dbt runs it where its input has changed."""
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
