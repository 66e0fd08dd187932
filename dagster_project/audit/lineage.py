"""What a segment is made of and who relies on it, read from dbt's manifest."""

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
    "idn_domains",
}
"""Models at which lineage ends. Which key is whose is told from every source there is; a rule about
deals is not out of date because an export of addresses is."""
# dbt's comments and tags, and outside of them SQL's comments and texts.
_JINJA = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_NOT_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)


def segment_nodes(manifest: Mapping[str, Any]) -> list[Node]:
    """The analyst's segments by name."""
    found = [node for node in manifest["nodes"].values() if _folder(node) == "segments"]
    return sorted(found, key=lambda node: node["name"])


def users(manifest: Mapping[str, Any], segment: Node) -> list[str]:
    """What refers to a segment: `sequences/activation`, also by `in_segment()`; sorted.

    Segments, scores, triggers, sequences and broadcasts count, and nothing that takes all segments
    alike.
    """
    return sorted(
        f"{_folder(node)}/{node['name']}"
        for node in manifest["nodes"].values()
        if _folder(node) in MODEL_FOLDERS and segment["unique_id"] in node["depends_on"]["nodes"]
    )


def used_features(code: str, features: Collection[str]) -> list[str]:
    """Find the features that a segment's SQL names; the contact itself is none.

    Names are looked for as words, in macros' arguments too, but not in comments and texts. The
    compiled SQL would say no more: what macros add are instants and parameters.
    """
    tags = [tag for tag in _JINJA.findall(code) if not tag.startswith("{#")]
    named = {*_names(_NOT_CODE.sub(" ", _JINJA.sub(" ", code))), *_names(" ".join(tags))}
    return sorted((named & set(features)) - {"contact_id"})


def raw_tables(manifest: Mapping[str, Any], segment: Node) -> set[str]:
    """The tables under schema `raw` that say who is in a segment.

    `contact_features` is made of everything; of it count the features that the SQL names, each by
    the model that declares it under `models/contacts/features/`.
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
        """The raw tables below a model, or the one that a source is."""
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
            # A feature that no model declares may come from anywhere.
            yield from (parent if maker is None else maker for maker in makers)


def _names(code: str) -> set[str]:
    return set(re.findall(r"[a-z_][a-z0-9_]*", code.lower()))


def _folder(node: Node) -> str | None:
    """The analyst's folder that a model is in; None for anything else."""
    if node["resource_type"] != "model":
        return None
    return node["fqn"][1]
