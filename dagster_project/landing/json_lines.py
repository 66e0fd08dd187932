"""JSON, one object a line, each with keys of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from typing_extensions import override

from dagster_project.landing import repair
from dagster_project.landing.rows import Rows
from dagster_project.landing.sql import Parameters, instant
from dagster_project.landing.text import count_lines, read_csv, read_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    import duckdb


class JsonLines(Rows):
    """One JSON object a line, each with keys of its own."""

    def __init__(self, path: Path, *, repaired: bool) -> None:
        super().__init__(Parameters())
        self._path = path
        self._columns = [*repair.COLUMNS, "_json"] if repaired else ["_json"]
        self._asked: dict[str, int] = {}
        self.numbered = repaired
        self.line = "_line" if repaired else "rowid + 1"
        self.must_be = None if repaired else count_lines(path)

    @override
    def columns(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        parameters = Parameters()
        found = connection.execute(
            f"""select distinct unnest(json_keys(_object)) as key
                from {self._objects(parameters)} order by key""",  # noqa: S608 - bound
            parameters.values,
        )
        return [key for (key,) in found.fetchall()]

    @override
    def has(self, name: str) -> bool:
        del name
        return True

    @override
    def relation(self) -> str:
        # One parse for all keys that were asked for.
        pointers = self.parameters.bind(list(self._asked))
        return f"""(
            select *, json_extract_string(_object, {pointers}::varchar[]) as _values
            from {self._objects(self.parameters)})"""  # noqa: S608 - bound

    def _objects(self, parameters: Parameters) -> str:
        if self.numbered:
            lines = read_csv(parameters, self._path, self._columns, ",")
        else:
            lines = read_lines(parameters, self._path)
        return f"""(
            select *, case
                when starts_with(ltrim(_json, ' \t\r'), '{{') then try_cast(_json as json)
            end as _object
            from {lines})"""  # noqa: S608 - bound

    @override
    def problem(self) -> str:
        broken = """case
            when _object is not null then null
            when coalesce(trim(_json, ' \t\r'), '') = '' then ''
            else 'not a JSON object'
        end"""
        return f"coalesce(_problem, {broken})" if self.numbered else broken

    @override
    def content(self) -> str:
        return "coalesce(_content, _json)" if self.numbered else "_json"

    @override
    def text(self, name: str) -> str:
        place = self._asked.setdefault(_pointer(name), len(self._asked) + 1)
        return f"nullif(_values[{place}], '')"

    @override
    def instant(self, name: str, zone: str) -> str:
        return instant(self.text(name), self.parameters.bind(zone))

    @override
    def others(
        self, taken: Collection[str], renamed: Mapping[str, str], constants: Mapping[str, str]
    ) -> str:
        patch = dict.fromkeys([*taken, *renamed.values()]) | dict(constants)
        others = f"json_merge_patch(_object, {self.parameters.bind(json.dumps(patch))}::json)"
        if not renamed and not constants and self._asked.keys() <= set(map(_pointer, taken)):
            # Mostly nothing is left, which is cheaper to see than to make.
            return f"""case when len(json_keys(_object)) = list_count(_values) then '{{}}'::json
                else {others} end"""
        if not renamed:
            return others
        bind = self.parameters.bind
        pairs = [
            f"{bind(ours)}::varchar, json_extract(_object, {bind(_pointer(theirs))}::varchar)"
            for ours, theirs in renamed.items()
        ]
        return f"json_merge_patch({others}, json_object({', '.join(pairs)}))"


def _pointer(key: str) -> str:
    """Write a JSON pointer (RFC 6901), which takes every key as it is; a path would not."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
