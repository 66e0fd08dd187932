"""What dbt did to bring the models from one day to the next, done again without dbt.

Models are functions of the warehouse, and the clock is a table in it: on every day after the second
dbt would run the same statements. Rendering them takes it three times as long as DuckDB runs them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from dagster_project import dbt
from dagster_project.replay.plan import selector
from dagster_project.replay.scratch import Scratch
from dagster_project.settings import Settings

# dbt puts its comment first. What only reads was for dbt to decide by, and has been decided.
_READS = re.compile(r"\s*(/\*.*?\*/\s*)*(select|describe)\b", re.DOTALL | re.IGNORECASE)


class Builder:
    """Builds the models of a plan, each time the clock has gone on."""

    def __init__(self, settings: Settings, scratch: Scratch) -> None:
        self._settings = settings
        self._scratch = scratch
        self._python = {
            node["unique_id"]: node for node in scratch.plan.nodes if node["language"] == "python"
        }
        self._inputs: dict[str, Any] = {}
        self._steps: list[tuple[str, list[str]]] = []
        self._builds = 0

    def build(self) -> None:
        """Bring every model of the plan to where the clock stands.

        Raises:
            DbtError: a model failed.
        """
        self._builds += 1
        if self._builds == 1:
            self._with_dbt(self._scratch.plan.selectors)  # makes what is not there
        elif self._builds == 2:
            # Finds it there, as on every day from now on.
            self._with_dbt(self._scratch.plan.selectors, self._record)
        else:
            for unique_id, statements in self._steps:
                self._repeat(unique_id, statements)
        if self._builds <= 2:
            self._inputs = {name: self._input(node) for name, node in self._python.items()}

    def _with_dbt(self, select: Sequence[str], on_statement: Any = None) -> None:  # noqa: ANN401
        dbt.raise_for(
            dbt.build(
                self._settings,
                select,
                with_tests=False,
                home=self._scratch.home,
                on_statement=on_statement,
            )
        )

    def _record(self, statement: dbt.Statement) -> None:
        # A view reads the clock by itself.
        if statement.materialized == "view" or _READS.match(statement.sql):
            return
        if not self._steps or self._steps[-1][0] != statement.unique_id:
            self._steps.append((statement.unique_id, []))
        self._steps[-1][1].append(statement.sql)

    def _repeat(self, unique_id: str, statements: list[str]) -> None:
        if unique_id in self._python:
            self._repeat_python(unique_id)
            return
        # A connection a model, as dbt has it: temporary tables end with it.
        connection = self._scratch.connection.cursor()
        try:
            connection.execute("set timezone = 'UTC'")
            for statement in statements:
                connection.execute(statement)
        except duckdb.Error as error:
            raise dbt.DbtError(f"{unique_id}: {error}") from error
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
