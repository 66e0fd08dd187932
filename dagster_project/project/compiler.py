"""dbt as a compiler: render one node for the present state of the warehouse.

dbt's own Jinja context does the work. Three of its names are replaced, because dbt would open the
warehouse for them: `run_query`, and two methods of `adapter`. What they are asked is part of the
rendering (`renderings.py`).

Imported only when a rendering is missing: dbt takes seconds to import.
"""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
from dbt.adapters.factory import get_adapter, register_adapter
from dbt.clients import jinja
from dbt.compilation import Compiler as DbtCompiler
from dbt.config.runtime import RuntimeConfig, load_profile, load_project
from dbt.context.providers import generate_runtime_macro_context
from dbt.mp_context import get_mp_context
from dbt_common.exceptions import DbtBaseException

from dagster_project.home.settings import Settings
from dagster_project.project.plan import Node
from dagster_project.project.renderings import Answer, Ask, NodeError, Question, Rendering


class Compiler:
    """Renders the nodes of one parsed project."""

    def __init__(self, settings: Settings, manifest: Any) -> None:  # noqa: ANN401 - dbt's Manifest
        project_dir = str(settings.project_dir)
        profile = load_profile(project_dir, {}, None, None, None)
        project = load_project(project_dir, False, profile, {})
        arguments = Namespace(
            project_dir=project_dir,
            profiles_dir=project_dir,
            vars={},
            target=None,
            profile=None,
            threads=1,
            inject_ephemeral_ctes=True,
            full_refresh=False,
        )
        self._config = RuntimeConfig.from_parts(project, profile, arguments)
        register_adapter(self._config, get_mp_context())
        self._adapter: Any = get_adapter(self._config)
        self._adapter.set_macro_resolver(manifest)
        self._adapter.set_macro_context_generator(generate_runtime_macro_context)
        self._manifest = manifest
        manifest.build_flat_graph()

    def render(self, node: Node, ask: Ask, connection: duckdb.DuckDBPyConnection) -> Rendering:
        """Render a node.

        Args:
            node: the model or test.
            ask: answers the questions of macros.
            connection: finds the relations that the SQL reads.

        Raises:
            NodeError: dbt refuses the file.
            duckdb.Error: the SQL does not parse.
        """
        asked: dict[Question, Answer] = {}

        def note(question: Question) -> Answer:
            if question not in asked:
                asked[question] = ask(question)
            return asked[question]

        dbt_node = self._manifest.nodes[node.unique_id]
        compiler = _Context(self._config, self._adapter, note)
        try:
            compiler.compile_node(dbt_node, self._manifest, write=False)
            hooks = [
                jinja.get_rendered(hook.sql, compiler.context, dbt_node).strip()
                for hook in getattr(dbt_node.config, "post_hook", ())
            ]
            code = dbt_node.compiled_code.strip().removesuffix(";")
            has_ddl = not (node.is_test or node.is_python)
            create = _create(node, code, compiler.context) if has_ddl else []
        except DbtBaseException as error:
            raise NodeError(str(error)) from error
        queries = [about for kind, about in asked if kind == "query"]
        reads = {about for kind, about in asked if kind in ("columns", "changed")}
        for sql in [*queries, *([] if node.is_python else [code])]:
            reads |= tables_of(connection, sql)
        if node.is_python:
            reads |= {self._relation(parent) for parent in node.parents}
        return Rendering(
            code=code,
            create=tuple(create),
            hooks=tuple(hook for hook in hooks if hook),
            reads=tuple(sorted(reads - {node.relation})),
            asked=tuple((kind, about, answer) for (kind, about), answer in asked.items()),
        )

    def _relation(self, unique_id: str) -> str:
        node = self._manifest.nodes[unique_id]
        return f"{node.schema}.{node.alias}"


def tables_of(connection: duckdb.DuckDBPyConnection, sql: str) -> set[str]:
    """The relations that a query reads, as `schema.table`, by DuckDB's own parser.

    `get_table_names` does not serve: it binds the query without the tables' columns, and refuses an
    aggregate in a subquery whose column the outer query has as well (DuckDB 2.0).

    Raises:
        NodeError: the SQL does not parse.
    """
    [(text,)] = connection.execute("select json_serialize_sql($sql)", {"sql": sql}).fetchall()
    tree = json.loads(text)
    if tree["error"]:
        raise NodeError(tree["error_message"])
    return {*_tables_in(tree["statements"])}


def _tables_in(tree: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield the tables with a schema; a name without one is a CTE."""
    if isinstance(tree, list):
        for item in tree:
            yield from _tables_in(item)
    elif isinstance(tree, dict):
        if tree.get("type") == "BASE_TABLE" and tree["schema_name"]:
            yield f"{tree['schema_name']}.{tree['table_name']}"
        yield from _tables_in([*tree.values()])


def _create(node: Node, code: str, context: Mapping[str, Any]) -> list[str]:
    """The statements that make the relation: those of dbt, with `create or replace`."""
    if node.materialized == "view":
        return [f"create or replace view {node.sql_name} as (\n{code}\n)"]
    if not context["config"].get("contract").enforced:
        return [f"create or replace table {node.sql_name} as (\n{code}\n)"]
    return [
        f"create or replace table {node.sql_name} {context['get_table_columns_and_constraints']()}",
        f"insert into {node.sql_name} {context['get_column_names']()} "
        f"({context['get_select_subquery'](code)})",
    ]


class _Context(DbtCompiler):
    """dbt's compiler, whose Jinja context asks our questions."""

    def __init__(self, config: Any, adapter: Any, ask: Ask) -> None:  # noqa: ANN401
        super().__init__(config)
        self._real_adapter = adapter
        self._ask = ask
        self.context: dict[str, Any] = {}

    def _create_node_context(
        self,
        node: Any,  # noqa: ANN401
        manifest: Any,  # noqa: ANN401
        extra_context: dict[str, Any],
    ) -> dict[str, Any]:
        context = super()._create_node_context(node, manifest, extra_context)
        context["adapter"] = _Adapter(context["adapter"], self._real_adapter, self._ask)
        context["run_query"] = lambda sql: _Result(self._ask(("query", str(sql).strip())))
        context["has_changed"] = lambda relation: self._ask(("changed", _name(relation)))
        self.context = context
        return context


class _Adapter:
    """dbt's adapter of a Jinja context, with answers of our own about relations."""

    def __init__(self, wrapped: Any, real: Any, ask: Ask) -> None:  # noqa: ANN401
        self._wrapped = wrapped
        self._real = real
        self._ask = ask

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any method of dbt's adapter
        return getattr(self._wrapped, name)

    def get_relation(self, database: str, schema: str, identifier: str) -> Any:  # noqa: ANN401
        """The relation as dbt has it, or None."""
        kind = self._ask(("exists", f"{schema}.{identifier}"))
        if kind is None:
            return None
        return self._real.Relation.create(
            database=database, schema=schema, identifier=identifier, type=kind
        )

    def get_columns_in_relation(self, relation: Any) -> list[Any]:  # noqa: ANN401
        """The columns as dbt has them."""
        found = self._ask(("columns", _name(relation))) or []
        return [self._real.Column.create(name, type_) for name, type_ in found]


class _Column:
    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def values(self) -> list[Any]:
        """The values of the column."""
        return self._values


class _Result:
    """The part of an agate table that macros use: `columns`."""

    def __init__(self, rows: list[list[Any]]) -> None:
        width = len(rows[0]) if rows else 1
        self.columns = [_Column([row[place] for row in rows]) for place in range(width)]


def _name(relation: Any) -> str:  # noqa: ANN401 - dbt's relation, or its name
    return relation if isinstance(relation, str) else f"{relation.schema}.{relation.identifier}"
