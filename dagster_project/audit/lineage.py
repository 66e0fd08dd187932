"""The inputs and the users of a segment, from the dbt manifest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dagster_project.project.registry import MODEL_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    Node = Mapping[str, Any]

FEATURES = "contact_features"
IDENTITY = {
    "contact_identities",
    "contact_aliases",
    "contact_merges",
    "key_contacts",
    "address_readings",
}
"""Models at which lineage ends. Identity comes from every source, but a stale export of addresses
does not make a segment about deals stale."""
# Jinja comments and tags; SQL comments and string literals.
_JINJA = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_NOT_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)


def segment_nodes(manifest: Mapping[str, Any]) -> list[Node]:
    """The segments, sorted by name."""
    found = [node for node in manifest["nodes"].values() if _folder(node) == "segments"]
    return sorted(found, key=lambda node: node["name"])


def users(manifest: Mapping[str, Any], segment: Node) -> list[str]:
    """List the models that use a segment, also by `in_segment()` (example: `sequences/activation`).

    Only segments, scores, triggers, sequences and broadcasts: other models read every segment.
    """
    return sorted(
        f"{_folder(node)}/{node['name']}"
        for node in manifest["nodes"].values()
        if _folder(node) in MODEL_FOLDERS and segment["unique_id"] in node["depends_on"]["nodes"]
    )


def used_features(code: str, features: Collection[str]) -> list[str]:
    """Find the features that a segment's SQL names, without `contact_id`.

    Matches whole words, also in macro arguments, but not in comments and string literals. The
    compiled SQL adds no features: macros add only instants and parameters.
    """
    tags = [tag for tag in _JINJA.findall(code) if not tag.startswith("{#")]
    named = {*_names(_NOT_CODE.sub(" ", _JINJA.sub(" ", code))), *_names(" ".join(tags))}
    return sorted((named & set(features)) - {"contact_id"})


def raw_tables(manifest: Mapping[str, Any], segment: Node) -> set[str]:
    """The tables under schema `raw` from which a segment is built.

    `contact_features` depends on every source. So lineage follows only the features that the SQL
    names, each to the model under `models/contacts/features/` that declares the feature.
    """
    return set(_Sources(manifest).of(segment["unique_id"]))


class _Sources:
    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self.nodes: Mapping[str, Node] = manifest["nodes"]
        self.sources: Mapping[str, Node] = manifest.get("sources", {})
        self.makers = {
            column: unique_id
            for unique_id, node in self.nodes.items()
            if node["resource_type"] == "model" and node["fqn"][1:3] == ["contacts", "features"]
            for column in node["columns"]
            if column != "contact_id"
        }
        self.features = {
            *self.makers,
            *(
                column
                for node in self.nodes.values()
                if node["resource_type"] == "model" and node["name"] == FEATURES
                for column in node["columns"]
            ),
        }

    def of(self, unique_id: str) -> Iterator[str]:
        """The raw tables from which a model or source is built."""
        seen: set[str] = set()
        waiting = [unique_id]
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            source, node = self.sources.get(current), self.nodes.get(current)
            if source is not None and source["schema"] == "raw":
                yield source["identifier"]
            elif node is not None and node["name"] not in IDENTITY:
                waiting += self._parents(node)

    def _parents(self, node: Node) -> Iterator[str]:
        for parent in node["depends_on"]["nodes"]:
            above = self.nodes.get(parent)
            if above is None or above["name"] != FEATURES:
                yield parent
                continue
            used = used_features(node["raw_code"], self.features)
            makers = {self.makers.get(feature) for feature in used}
            # An undeclared feature: follow all inputs of contact_features.
            yield from (parent if maker is None else maker for maker in makers)


def _names(code: str) -> set[str]:
    return set(re.findall(r"[a-z_][a-z0-9_]*", code.lower()))


def _folder(node: Node) -> str | None:
    """The folder of a model under `models/`; None for other nodes."""
    if node["resource_type"] != "model":
        return None
    return node["fqn"][1]
