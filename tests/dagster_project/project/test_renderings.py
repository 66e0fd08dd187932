"""Processes share the renderings on disk; a damaged file holds no rendering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dagster_project.project import renderings
from dagster_project.project.renderings import Rendering, Renderings

if TYPE_CHECKING:
    from pathlib import Path

ONE = Rendering("select 1", ("create",), (), ("raw.events",), (("exists", "a.b", None),))


def test_renderings_of_two_processes_are_both_kept(tmp_path: Path):
    path = tmp_path / "renderings.json"
    first, second = Renderings("files"), Renderings("files")
    first.add("model.a", ONE)
    second.add("model.b", ONE)
    renderings.save(path, first)
    renderings.save(path, second)
    assert renderings.load(path, "files").of == {"model.a": [ONE], "model.b": [ONE]}
    assert first.is_older(path)
    assert renderings.load(path, "other files").of == {}
    assert [file.name for file in tmp_path.iterdir()] == ["renderings.json"]


@pytest.mark.parametrize("text", ["", '{"stamp": "files", "of": {"mod'])
def test_a_damaged_file_is_none(tmp_path: Path, text: str):
    path = tmp_path / "renderings.json"
    path.write_text(text, encoding="utf-8")
    assert renderings.read_json(path) == {}
    assert renderings.load(path, "files").of == {}
