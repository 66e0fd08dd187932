"""Models that a tick adds to, or leaves, instead of making them anew: when it has to.

What such a model took in under an old rule would stay in it for good. So each is remembered with a
fingerprint of what it is made from: its own SQL, that of every model and macro before it, and
dbt_project.yml. When that is another, its table is dropped, and dbt builds it from the beginning.
Decisions are not kept models: what was decided stays.

A view costs next to nothing to make, but there are many: all stay while the project does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from dagster_project.home.sql import identifier


def fingerprints(manifest: Mapping[str, Any], project_file: str) -> dict[tuple[str, str], str]:
    """What each kept model is made from.

    Args:
        manifest: dbt's.
        project_file: the text of dbt_project.yml.

    Returns:
        By schema and table a hash that changes when what the model is made from does.
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
    """Drop every kept table that was made from something else than it would be made from now.

    Args:
        connection: an open warehouse.
        current: `fingerprints` of the project as it is.

    Returns:
        The tables that were dropped, as `schema.table`.
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
        # What reads them remembers what it has read: that it has to be read again.
        connection.execute("delete from control.kept_tables")
    connection.execute("delete from control.kept_models")
    connection.execute(
        "insert into control.kept_models select unnest($names), unnest($marks)",
        {"names": [*wanted], "marks": [*wanted.values()]},
    )
    connection.execute("commit")
    return dropped


def project_mark(connection: duckdb.DuckDBPyConnection, files: str) -> str:
    """What every view is made from: while it stands, none has to be made anew.

    Args:
        connection: an open warehouse.
        files: a hash of the project's files.

    Returns:
        A hash that changes with the files, and with the columns of any table: those are part of a
        view that reads `*`.
    """
    columns = connection.execute(
        """select c.schema_name, c.table_name, c.column_index, c.column_name, c.data_type
           from duckdb_columns() as c
           inner join duckdb_tables() as t using (database_name, schema_name, table_name)
           where c.database_name = current_database() and not t.temporary
           order by all"""
    ).fetchall()
    return hashlib.sha256(f"{files}\0{columns}".encode()).hexdigest()[:16]


def _is_kept(node: Mapping[str, Any]) -> bool:
    config = node["config"]
    if node["resource_type"] != "model" or config.get("full_refresh") is False:
        return False
    return config["materialized"] == "incremental" or "kept_until" in config.get("meta", {})


def _ancestors(manifest: Mapping[str, Any], unique_id: str) -> set[str]:
    """The model itself, and every model and macro of this project that it is made from."""
    project = manifest["nodes"][unique_id]["package_name"]
    found: set[str] = set()
    waiting = [unique_id]
    while waiting:
        name = waiting.pop()
        node = _node_or_macro(manifest, name)
        # Macros of dbt itself change with its version alone.
        if name in found or not node or node["package_name"] != project:
            continue
        # What was decided is data, not a rule; and a list of all segments says nothing of what is
        # made from some: the models that it leads to are followed themselves.
        if node.get("config", {}).get("full_refresh") is False or node["name"] == "registry":
            continue
        found.add(name)
        depends_on = node.get("depends_on", {})
        waiting += [*depends_on.get("nodes", ()), *depends_on.get("macros", ())]
        # dbt knows of the macros that it called while parsing, when no model is incremental.
        waiting += [f"macro.{project}.{macro}" for macro in _macros_named(_code(node))]
    return found


def _node_or_macro(manifest: Mapping[str, Any], unique_id: str) -> Mapping[str, Any]:
    return manifest["nodes"].get(unique_id) or manifest["macros"].get(unique_id) or {}


def _code(node_or_macro: Mapping[str, Any]) -> str:
    return node_or_macro.get("raw_code") or node_or_macro.get("macro_sql") or ""


def _macros_named(code: str) -> Iterator[str]:
    """What may be a macro's name in it, and those that it may dispatch to."""
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
