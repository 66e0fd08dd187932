"""Kept models: tables that a tick updates or skips, and rebuilds only if their code changes.

Rows written under an old rule would otherwise stay forever. So the warehouse stores a fingerprint
of each kept model: its SQL, the SQL of every upstream model and macro, the modules that a Python
model imports, and dbt_project.yml. If the
fingerprint changes, the table is dropped and dbt rebuilds it. Decisions are not kept models: they
are never rebuilt.

A view is cheap to create, but there are many: all views stay until the project changes.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.home.sql import identifier


def fingerprints(manifest: Mapping[str, Any], project_file: str) -> dict[tuple[str, str], str]:
    """Hash the code of each kept model.

    Args:
        manifest: the dbt manifest.
        project_file: the text of dbt_project.yml.

    Returns:
        The hash of each kept model, by schema and table.
    """
    found: dict[tuple[str, str], str] = {}
    for unique_id, node in manifest["nodes"].items():
        if not _is_kept(node):
            continue
        digest = hashlib.sha256(project_file.encode())
        for name in sorted(_ancestors(manifest, unique_id)):
            digest.update(f"{name}\0{_code(_node_or_macro(manifest, name))}\0".encode())
        found[node["schema"], node["alias"]] = digest.hexdigest()
    return found


def forget_changed(
    connection: duckdb.DuckDBPyConnection, current: Mapping[tuple[str, str], str]
) -> list[str]:
    """Drop every kept table whose fingerprint has changed.

    Args:
        connection: the open warehouse.
        current: the `fingerprints` of the project.

    Returns:
        The dropped tables, as `schema.table`.
    """
    dropped: list[str] = []
    known = dict(
        connection.execute("select model, fingerprint from control.kept_models").fetchall()
    )
    wanted = {f"{schema}.{table}": mark for (schema, table), mark in current.items()}
    if known == wanted:
        return dropped
    connection.execute("begin")
    for schema, table in current:
        name = f"{schema}.{table}"
        if known.get(name) != wanted[name] and _exists(connection, schema, table):
            connection.execute(f"drop table {identifier(schema)}.{identifier(table)} cascade")
            dropped.append(name)
    if dropped:
        # Models that read a dropped table must not skip their next build.
        connection.execute("delete from control.kept_tables")
    connection.execute("delete from control.kept_models")
    connection.execute(
        "insert into control.kept_models select unnest($names), unnest($marks)",
        {"names": [*wanted], "marks": [*wanted.values()]},
    )
    connection.execute("commit")
    return dropped


def forget_all(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the next build make every kept model and view from the beginning.

    Args:
        connection: the open warehouse, in a transaction.
    """
    connection.execute("delete from control.kept_models")
    connection.execute("delete from control.kept_tables")


def project_mark(connection: duckdb.DuckDBPyConnection, files: str) -> str:
    """Hash the inputs of all views: while the hash is the same, no view is rebuilt.

    Args:
        connection: the open warehouse.
        files: a hash of the project's files.

    Returns:
        A hash of the files and of the columns of all tables: a view may read `select *`.
    """
    columns = connection.execute(
        """select c.schema_name, c.table_name, c.column_index, c.column_name, c.data_type
           from duckdb_columns() as c
           inner join duckdb_tables() as t using (database_name, schema_name, table_name)
           where c.database_name = current_database() and not t.temporary
           order by all"""
    ).fetchall()
    return hashlib.sha256(f"{files}\0{columns}".encode()).hexdigest()[:16]


def views_stand(
    connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], mark: str
) -> bool:
    """Whether every view of the project exists and has this mark.

    Args:
        connection: the open warehouse.
        manifest: the dbt manifest.
        mark: the `project_mark` of the next build.
    """
    views = {
        (node["schema"], node["alias"]): node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["materialized"] == "view"
    }
    existing = connection.execute(
        """select schema_name, view_name from duckdb_views()
           where database_name = current_database()"""
    ).fetchall()
    marked = connection.execute(
        "select model from control.kept_tables where starts_with(made_from, $mark)",
        {"mark": f"project {mark};"},
    ).fetchall()
    return views.keys() <= {*existing} and {*views.values()} <= {name for (name,) in marked}


def is_new_mark(connection: duckdb.DuckDBPyConnection, mark: str) -> bool:
    """Whether no view has this mark, so the next build of all models creates every view."""
    return not connection.execute(
        "select 1 from control.kept_tables where starts_with(made_from, $mark) limit 1",
        {"mark": f"project {mark};"},
    ).fetchall()


def renew_mark(connection: duckdb.DuckDBPyConnection, mark: str, files: str) -> None:
    """Give the views of this mark the mark of the tables as they are now.

    The caller has built all models and created every view, each after the tables that it reads. The
    build may have added columns to tables, and the views have these columns already.

    Args:
        connection: the open warehouse.
        mark: the `project_mark` before the build.
        files: a hash of the project's files.
    """
    connection.execute(
        """update control.kept_tables
           set made_from = $new || substr(made_from, length($old) + 1)
           where starts_with(made_from, $old)""",
        {"old": f"project {mark};", "new": f"project {project_mark(connection, files)};"},
    )


def _is_kept(node: Mapping[str, Any]) -> bool:
    config = node["config"]
    if node["resource_type"] != "model" or config.get("full_refresh") is False:
        return False
    return config["materialized"] == "incremental" or "kept_until" in config.get("meta", {})


def _ancestors(manifest: Mapping[str, Any], unique_id: str) -> set[str]:
    """The model, and every model and macro of this project upstream of it."""
    project = manifest["nodes"][unique_id]["package_name"]
    found: set[str] = set()
    waiting = [unique_id]
    while waiting:
        name = waiting.pop()
        node = _node_or_macro(manifest, name)
        # Macros of dbt change only with the version of dbt.
        if name in found or not node or node["package_name"] != project:
            continue
        # Decisions are data, not code. The registry lists every segment; a model that reads some
        # segments depends on those segments directly.
        if node.get("config", {}).get("full_refresh") is False or node["name"] == "registry":
            continue
        found.add(name)
        depends_on = node.get("depends_on", {})
        waiting += [*depends_on.get("nodes", ()), *depends_on.get("macros", ())]
        # The manifest lists only macros called at parse time, when is_incremental() is false.
        waiting += [f"macro.{project}.{macro}" for macro in _macros_named(_code(node))]
    return found


def _node_or_macro(manifest: Mapping[str, Any], unique_id: str) -> Mapping[str, Any]:
    return manifest["nodes"].get(unique_id) or manifest["macros"].get(unique_id) or {}


def _code(node_or_macro: Mapping[str, Any]) -> str:
    code = node_or_macro.get("raw_code") or node_or_macro.get("macro_sql") or ""
    is_python = node_or_macro.get("language") == "python"
    return "".join([code, *_imported(code, set())]) if is_python else code


def _imported(code: str, seen: set[str]) -> Iterator[str]:
    """Yield the code of every module of `senders` that a Python model imports, also indirectly."""
    for name in re.findall(r"^from (senders\.\w+) import", code, re.MULTILINE):
        spec = importlib.util.find_spec(name)
        if name not in seen and spec and spec.origin:
            seen.add(name)
            text = Path(spec.origin).read_text(encoding="utf-8")
            yield text
            yield from _imported(text, seen)


def _macros_named(code: str) -> Iterator[str]:
    """Yield the macros that the code may call, and their possible dispatch targets."""
    for name in set(re.findall(r"\b([a-z_]\w*)\(", code)):
        yield from (name, f"default__{name}", f"duckdb__{name}")


def _exists(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bool:
    return bool(
        connection.execute(
            """select 1 from duckdb_tables()
               where database_name = current_database()
                   and schema_name = $schema and table_name = $table""",
            {"schema": schema, "table": table},
        ).fetchall()
    )
