"""Which models a replay needs: what is asked for and what that is made of, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

KINDS = ("segments", "scores", "triggers")
# What holds everything of a kind, where a single model of it does not say enough: a score is the
# sum of a ledger that `score_totals` draws up, a trigger has fired once `trigger_firings` says so.
_GATHERED_IN = {"scores": "score_totals", "triggers": "trigger_firings"}
# What else says who is in a segment: it is those of its rows who are here.
_JUDGED_BY = {"segments": "contacts"}


class ReplayError(Exception):
    """A replay was asked for that cannot be made; the message says what to ask instead."""


@dataclass(frozen=True)
class Plan:
    """What is asked for, and the models to build for it.

    Attributes:
        names: what is asked for, by kind: segments, scores, triggers.
        is_everything: nothing was named, so everything of those kinds is.
        nodes: the manifest's entries of the models to build.
    """

    names: Mapping[str, tuple[str, ...]]
    is_everything: bool
    nodes: Sequence[Mapping[str, Any]] = field(repr=False)

    @property
    def selectors(self) -> list[str]:
        """The models as dbt wants them named."""
        return [selector(node) for node in self.nodes]

    def builds(self, schema: str, name: str) -> bool:
        """Whether a table of the warehouse is among what is built."""
        return any((node["schema"], node["alias"]) == (schema, name) for node in self.nodes)


def selector(node: Mapping[str, Any]) -> str:
    """Names one model to dbt."""
    return "fqn:" + ".".join(node["fqn"])


def make_plan(
    manifest: Mapping[str, Any], only: Iterable[str] = (), kinds: Sequence[str] = KINDS
) -> Plan:
    """Find the models for some segments, scores and triggers, or for all of some kinds.

    Raises:
        ReplayError: there is no segment, score or trigger of a name.
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
    asked = set(only)
    known = {name for names in of_kind.values() for name in names}
    for name in sorted(asked - known):
        listed = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in of_kind.items())
        raise ReplayError(f"there is no '{name}' among {listed}")
    names = {
        kind: tuple(name for name in of_kind[kind] if not asked or name in asked) for kind in kinds
    }
    wanted = [
        models[model]["unique_id"]
        for kind, chosen in names.items()
        if chosen
        for model in ([_GATHERED_IN[kind]] if kind in _GATHERED_IN else chosen)
    ]
    wanted += [models[model]["unique_id"] for kind, model in _JUDGED_BY.items() if names.get(kind)]
    needed = _with_ancestors(manifest, wanted)
    return Plan(
        names={kind: names.get(kind, ()) for kind in KINDS},
        is_everything=not asked,
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
