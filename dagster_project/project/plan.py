"""The plan of a project: its models and data tests in the order of a build, from dbt's manifest.

The plan and the rendered SQL (`renderings.py`) are kept on disk beside the manifest. A tick that
finds both imports no dbt.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from dagster_project.home.sql import identifier
from dagster_project.project import definitions

_MATERIALIZED = ("table", "view", "incremental")
# Tests that cost as much as the model they test: plain `dbt build` runs them, a tick does not.
SLOW = "slow"


@dataclass(frozen=True)
class Node:
    """A model or a data test.

    Attributes:
        unique_id: dbt's id.
        name: the name of the model or test.
        file: the path of its file in the project.
        is_test: whether the node is a data test.
        relation: schema and table as `schema.table`; of a test its id.
        materialized: table, view or incremental; of a test `test`.
        is_python: whether the model is written in Python.
        unique_key: the key of the rows that an incremental model replaces; empty: rows are added.
        is_permanent: whether the rows are decisions, which no rebuild deletes.
        definition: a hash of the code behind the rows, see `definitions.hashes`; empty for a node
            whose rows do not outlive a build.
        reads_parameters: whether these rows depend on `control.parameters`.
        parents: the ids of the models that the node depends on.
        comments: the descriptions that the relation carries; the key '' is the relation itself.
        severity: of a test: error or warn.
        fails_if: of a test: SQL conditions on the number of wrong rows; error first, then warning.
        fail_calc: of a test: the SQL of the number of wrong rows.
    """

    unique_id: str
    name: str
    file: str
    is_test: bool
    relation: str
    materialized: str
    is_python: bool
    unique_key: tuple[str, ...]
    is_permanent: bool
    definition: str
    reads_parameters: bool
    parents: tuple[str, ...]
    comments: Mapping[str, str]
    severity: str
    fails_if: tuple[str, str]
    fail_calc: str

    @cached_property
    def mark(self) -> str:
        """A hash of what decides, beside the rendered SQL, what a run does or says."""
        decides = (
            self.materialized,
            self.unique_key,
            sorted(self.comments.items()),
            self.severity,
            self.fails_if,
            self.fail_calc,
        )
        return hashlib.sha256(repr(decides).encode()).hexdigest()[:16]

    @property
    def sql_name(self) -> str:
        """The relation of a model, quoted."""
        schema, _, table = self.relation.partition(".")
        return f"{identifier(schema)}.{identifier(table)}"


class Plan:
    """The nodes in the order of a build: a model after its parents, a test after its models."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes

    @cached_property
    def by_id(self) -> Mapping[str, Node]:
        """The nodes by dbt's id."""
        return {node.unique_id: node for node in self.nodes}

    @cached_property
    def models(self) -> Mapping[str, Node]:
        """The models by `schema.table`."""
        return {node.relation: node for node in self.nodes if not node.is_test}

    @cached_property
    def ancestors(self) -> Mapping[str, frozenset[str]]:
        """The ids of all models before each node."""
        found: dict[str, frozenset[str]] = {}
        for node in self.nodes:
            above = [found[parent] | {parent} for parent in node.parents]
            found[node.unique_id] = frozenset[str]().union(*above)
        return found

    def select(self, selectors: Sequence[str]) -> set[str]:
        """The ids of the selected models, and of the tests whose models are all selected.

        Args:
            selectors: names or `path:folder` as dbt has them; a `+` before or after adds the
                models before or after. None selects everything.

        Raises:
            ValueError: a selector fits no model.
        """
        if not selectors:
            return set(self.by_id)
        chosen: set[str] = set()
        for selector in selectors:
            named = {
                node.unique_id for node in self.models.values() if _fits(node, selector.strip("+"))
            }
            if not named:
                raise ValueError(f"'{selector}' selects no model")
            chosen |= named
            if selector.startswith("+"):
                chosen |= {one for name in named for one in self.ancestors[name]}
            if selector.endswith("+"):
                chosen |= {
                    node.unique_id
                    for node in self.models.values()
                    if named & self.ancestors[node.unique_id]
                }
        tests = {
            node.unique_id
            for node in self.nodes
            if node.is_test and node.parents and {*node.parents} <= chosen
        }
        return chosen | tests


def _fits(node: Node, selector: str) -> bool:
    method, _, value = selector.rpartition(":")
    return PurePosixPath(node.file).is_relative_to(value) if method else value == node.name


def make_plan(manifest: Mapping[str, Any], project_file: str) -> Plan:
    """Read the nodes of a build from dbt's manifest.

    Args:
        manifest: the content of manifest.json.
        project_file: the text of dbt_project.yml.

    Raises:
        ValueError: the project uses a part of dbt that a build does not run.
    """
    for entry in manifest["nodes"].values():
        _require_known(entry)
    hashes = definitions.hashes(manifest, project_file)
    nodes = {
        unique_id: _node(manifest, entry, hashes.get(unique_id))
        for unique_id, entry in manifest["nodes"].items()
        if _is_built(manifest, entry)
    }
    return Plan(_in_order(nodes))


def dumps(plan: Plan) -> str:
    """The plan as JSON."""
    return json.dumps([asdict(node) for node in plan.nodes])


def loads(text: str) -> Plan:
    """The plan from JSON."""
    return Plan([Node(**_typed(entry)) for entry in json.loads(text)])


def _typed(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()
    }


def _require_known(entry: Mapping[str, Any]) -> None:
    """Refuse what a build would leave out without a word."""
    config = entry["config"]
    where = f"{entry['original_file_path']}: "
    if entry["resource_type"] in ("seed", "snapshot"):
        raise ValueError(f"{where}a tick builds no {entry['resource_type']}s: land a file instead")
    if entry["resource_type"] == "model" and config["materialized"] not in _MATERIALIZED:
        raise ValueError(
            f"{where}materialized '{config['materialized']}' is unknown to a tick "
            f"(available: {', '.join(_MATERIALIZED)})"
        )
    if config.get("pre-hook"):
        raise ValueError(f"{where}a tick runs no pre_hook: use a post_hook of the model before")


def _is_built(manifest: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    if entry["resource_type"] == "model":
        return True
    return (
        entry["resource_type"] == "test"
        and SLOW not in entry["config"].get("tags", ())
        # The manifest has the tests of disabled models too.
        and all(
            parent in manifest["nodes"] or parent in manifest["sources"]
            for parent in entry["depends_on"]["nodes"]
        )
        and _names_known_models(manifest, entry)
    )


def _names_known_models(manifest: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    names = {node["name"] for node in manifest["nodes"].values()}
    return all(ref["name"] in names for ref in entry.get("refs", ()))


def _node(
    manifest: Mapping[str, Any],
    entry: Mapping[str, Any],
    definition: definitions.Definition | None,
) -> Node:
    config = entry["config"]
    is_test = entry["resource_type"] == "test"
    key = config.get("unique_key") or ()
    return Node(
        unique_id=entry["unique_id"],
        name=entry["name"],
        file=entry["original_file_path"],
        is_test=is_test,
        relation=entry["unique_id"] if is_test else f"{entry['schema']}.{entry['alias']}",
        materialized=config["materialized"],
        is_python=entry.get("language") == "python",
        unique_key=(key,) if isinstance(key, str) else tuple(key),
        is_permanent=config.get("full_refresh") is False,
        definition=definition.mark if definition else "",
        reads_parameters=bool(definition and definition.reads_parameters),
        parents=tuple(
            parent
            for parent in entry["depends_on"]["nodes"]
            if manifest["nodes"].get(parent, {}).get("resource_type") == "model"
        ),
        comments=_comments(entry),
        severity=str(config.get("severity", "error")).lower(),
        fails_if=(config.get("error_if", "!= 0"), config.get("warn_if", "!= 0")),
        fail_calc=config.get("fail_calc", "count(*)"),
    )


def _comments(entry: Mapping[str, Any]) -> dict[str, str]:
    wanted = entry["config"].get("persist_docs") or {}
    comments: dict[str, str] = {}
    if wanted.get("relation"):
        comments[""] = entry["description"]
    if wanted.get("columns"):
        comments |= {name: column["description"] for name, column in entry["columns"].items()}
    return {name: text.strip() for name, text in comments.items() if text}


def _in_order(nodes: Mapping[str, Node]) -> list[Node]:
    """Sort the nodes: models after their parents, each test as early as it can run."""
    tests: dict[str, list[Node]] = {}
    for node in nodes.values():
        if node.is_test:
            for parent in node.parents:
                tests.setdefault(parent, []).append(node)
    ordered: dict[str, Node] = {}

    def add(node: Node) -> None:
        if node.unique_id in ordered:
            return
        for parent in node.parents:
            add(nodes[parent])
        ordered[node.unique_id] = node
        for test in tests.get(node.unique_id, ()):
            if all(parent in ordered for parent in test.parents):
                ordered[test.unique_id] = test

    for node in _by_name(nodes.values()):
        if not node.is_test:
            add(node)
    for node in _by_name(nodes.values()):  # tests of sources alone
        ordered.setdefault(node.unique_id, node)
    return list(ordered.values())


def _by_name(nodes: Iterable[Node]) -> list[Node]:
    return sorted(nodes, key=lambda node: node.unique_id)
