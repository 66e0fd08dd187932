"""The SQL that dbt renders for each node, kept on disk for the next build.

A macro may ask the warehouse while dbt renders a model: does my table exist, which columns has this
export, has a day passed? A rendering holds the questions with their answers. It is used again while
every answer is the same.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

# Renderings kept of one node, the newest. Exports with other columns are other renderings.
_KEPT = 16

# What a macro can ask, and about what. `exists` and `columns` ask about a relation, `schema.table`.
# `changed` asks whether the model last read other rows of a relation. `query` is any SQL.
Question = tuple[str, str]
Answer = Any  # as JSON has it
Ask = Callable[[Question], Answer]


class NodeError(Exception):
    """A model or test failed; the message is for the analyst."""


@dataclass(frozen=True)
class Rendering:
    """A node as dbt renders it in one state of the warehouse.

    Attributes:
        code: the select of the model or test, or the code of a Python model.
        create: the statements that make a model's relation from nothing; empty for a test.
        hooks: the statements after the rows are written, in the same transaction.
        reads: the relations that the code and the questions read, as `schema.table`.
        asked: the questions with their answers.
    """

    code: str
    create: tuple[str, ...]
    hooks: tuple[str, ...]
    reads: tuple[str, ...]
    asked: tuple[tuple[str, str, Answer], ...]

    @cached_property
    def mark(self) -> str:
        """A hash of what the rendering does."""
        text = "\0".join([self.code, *self.create, *self.hooks])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def holds(self, ask: Ask) -> bool:
        """Whether the warehouse still gives the same answers."""
        return all(ask((kind, about)) == answer for kind, about, answer in self.asked)


@dataclass
class Renderings:
    """The renderings of one state of the project's files.

    Attributes:
        stamp: a hash of the files.
        of: the renderings by dbt's id of the node.
        read_ns: the time of the file that was read.
        is_new: whether a rendering is not on disk.
    """

    stamp: str
    of: dict[str, list[Rendering]] = field(default_factory=dict[str, list[Rendering]])
    read_ns: int = 0
    is_new: bool = False

    def is_older(self, path: Path) -> bool:
        """Whether the file has been written since it was read."""
        return _time_of(path) != self.read_ns

    def add(self, unique_id: str, rendering: Rendering) -> None:
        """Keep a rendering of a node."""
        self.of.setdefault(unique_id, []).append(rendering)
        self.is_new = True

    def find(self, unique_id: str, ask: Ask) -> Rendering | None:
        """The rendering of a node whose answers hold."""
        return next((one for one in self.of.get(unique_id, ()) if one.holds(ask)), None)


def load(path: Path, stamp: str) -> Renderings:
    """Read the kept renderings; none if the project's files are others."""
    read_ns = _time_of(path)
    found = read_json(path)
    return Renderings(stamp, _typed(found["of"]) if found.get("stamp") == stamp else {}, read_ns)


def save(path: Path, renderings: Renderings) -> None:
    """Add new renderings to the kept ones; another process may have kept some since."""
    kept = load(path, renderings.stamp)
    for unique_id, ours in renderings.of.items():
        theirs = kept.of.setdefault(unique_id, [])
        theirs += [one for one in ours if one not in theirs]
        del theirs[:-_KEPT]
    found = {name: [asdict(one) for one in ones] for name, ones in kept.of.items()}
    write_json(path, {"stamp": kept.stamp, "of": found})
    renderings.of, renderings.is_new, renderings.read_ns = kept.of, False, _time_of(path)


def _time_of(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file that another process may be reading."""
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps(content), encoding="utf-8")
    partial.replace(path)


def read_json(path: Path) -> Mapping[str, Any]:
    """Read a file of `write_json`; nothing if it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}


def _typed(of: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[Rendering]]:
    return {
        name: [
            Rendering(
                code=one["code"],
                create=tuple(one["create"]),
                hooks=tuple(one["hooks"]),
                reads=tuple(one["reads"]),
                asked=tuple((kind, about, answer) for kind, about, answer in one["asked"]),
            )
            for one in found
        ]
        for name, found in of.items()
    }
