"""The models that a replay builds: the requested models and their ancestors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

KINDS = ("segments", "scores", "triggers")
# Kinds whose results are in one model for all names. The ledger of a score is summed in
# `score_totals`; the proposals of a trigger become firings in `trigger_firings`.
_COLLECTED_IN = {"scores": "score_totals", "triggers": "trigger_firings"}
# Further models that a kind needs: a member of a segment must be a current contact.
_ALSO_NEEDED = {"segments": "contacts"}


class ReplayError(Exception):
    """The requested replay is impossible; the message names the valid choices."""


@dataclass(frozen=True)
class Plan:
    """The request, and the models to build.

    Attributes:
        names: the requested names by kind: segments, scores, triggers.
        is_everything: whether the request names nothing, so the plan covers every name.
        nodes: the manifest entries of the models to build.
    """

    names: Mapping[str, tuple[str, ...]]
    is_everything: bool
    nodes: Sequence[Mapping[str, Any]] = field(repr=False)

    @property
    def selectors(self) -> list[str]:
        """The names of the models."""
        return [node["name"] for node in self.nodes]

    def builds(self, schema: str, name: str) -> bool:
        """Whether the plan builds a table."""
        return any((node["schema"], node["alias"]) == (schema, name) for node in self.nodes)


def make_plan(
    manifest: Mapping[str, Any], only: Iterable[str] = (), kinds: Sequence[str] = KINDS
) -> Plan:
    """Find the models for the named segments, scores and triggers, or for all of some kinds.

    Raises:
        ReplayError: a name is not a segment, score or trigger.
    """
    models = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    of_kind = {
        kind: sorted(name for name, node in models.items() if node["fqn"][1] == kind)
        for kind in kinds
    }
    requested = set(only)
    known = {name for names in of_kind.values() for name in names}
    for name in sorted(requested - known):
        listed = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in of_kind.items())
        raise ReplayError(f"unknown name '{name}'; known names: {listed}")
    names = {
        kind: tuple(name for name in of_kind[kind] if not requested or name in requested)
        for kind in kinds
    }
    wanted = [
        models[model]["unique_id"]
        for kind, chosen in names.items()
        if chosen
        for model in ([_COLLECTED_IN[kind]] if kind in _COLLECTED_IN else chosen)
    ]
    wanted += [
        models[model]["unique_id"] for kind, model in _ALSO_NEEDED.items() if names.get(kind)
    ]
    needed = _with_ancestors(manifest, wanted)
    return Plan(
        names={kind: names.get(kind, ()) for kind in KINDS},
        is_everything=not requested,
        nodes=[manifest["nodes"][unique_id] for unique_id in sorted(needed)],
    )


def _with_ancestors(manifest: Mapping[str, Any], wanted: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(wanted)
    while waiting:
        unique_id = waiting.pop()
        if unique_id not in found and unique_id in manifest["nodes"]:
            found.add(unique_id)
            waiting += manifest["nodes"][unique_id]["depends_on"]["nodes"]
    return found
