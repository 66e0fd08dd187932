"""Hashes of the code behind the rows of incremental models.

An incremental model keeps rows that it wrote under an older rule. So a build stores a hash of all
code that these rows depend on: the model's SQL, every upstream model and macro, the modules that a
Python model imports, and dbt_project.yml. When the hash changes, the model is made from nothing.
Decisions have no such hash: they stay.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Definition:
    """What the rows of an incremental model depend on, beside their inputs.

    Attributes:
        mark: a hash of the code.
        reads_parameters: whether the code reads `control.parameters`.
    """

    mark: str
    reads_parameters: bool


def hashes(manifest: Mapping[str, Any], project_file: str) -> dict[str, Definition]:
    """Hash the code behind each incremental model that is no decision.

    Args:
        manifest: the dbt manifest.
        project_file: the text of dbt_project.yml.

    Returns:
        The definitions by dbt's id of the model.
    """
    found: dict[str, Definition] = {}
    for unique_id, node in manifest["nodes"].items():
        if not _keeps_rows(node):
            continue
        digest = hashlib.sha256(project_file.encode())
        names = sorted(_ancestors(manifest, unique_id))
        for name in names:
            digest.update(f"{name}\0{_code(_node_or_macro(manifest, name))}\0".encode())
        reads = {
            read
            for name in names
            for read in _node_or_macro(manifest, name).get("depends_on", {}).get("nodes", ())
        }
        found[unique_id] = Definition(
            digest.hexdigest()[:16],
            any(read.endswith(".control.parameters") for read in reads),
        )
    return found


def _keeps_rows(node: Mapping[str, Any]) -> bool:
    config = node["config"]
    if node["resource_type"] != "model" or config.get("full_refresh") is False:
        return False
    return config["materialized"] == "incremental"


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
            text = _source(spec.origin)
            yield text
            yield from _imported(text, seen)


@cache
def _source(path: str) -> str:
    """The text of a module, read once: this process does not import a later version."""
    return Path(path).read_text(encoding="utf-8")


def _macros_named(code: str) -> Iterator[str]:
    """Yield the macros that the code may call, and their possible dispatch targets."""
    for name in set(re.findall(r"\b([a-z_]\w*)\(", code)):
        yield from (name, f"default__{name}", f"duckdb__{name}")
