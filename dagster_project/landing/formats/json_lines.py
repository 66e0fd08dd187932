"""JSON lines: one object per line, each with its own keys."""

from __future__ import annotations

import glob
import json
from typing import TYPE_CHECKING, Literal

from typing_extensions import override

from dagster_project.home.sql import Parameters, identifier
from dagster_project.landing.formats import repair
from dagster_project.landing.formats.cell_sql import instant, json_in_its_words
from dagster_project.landing.formats.packing import packing_of
from dagster_project.landing.formats.rows import MAX_COLUMNS, Rows, require_few_columns
from dagster_project.landing.formats.text import count_lines, read_csv, read_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    import duckdb

    from dagster_project.landing.formats.repair import CleanCopy

Reading = Literal["objects", "lines", "repaired"]
"""How to read a file. "objects" takes half the time, and fails at the first line that is not an
object. "lines" checks each line. "repaired" reads the lines of a clean copy."""

LINE_BYTES = 2_000_000
"""The longest line in every reading: the limit of DuckDB's CSV reader."""


class JsonLines(Rows):
    """One JSON object per line, each with its own keys."""

    def __init__(self, path: Path, reading: Reading, copy: CleanCopy | None = None) -> None:
        super().__init__(Parameters())
        self._path = path
        self._reading = reading
        self._requested: dict[str, int] = {}
        self.numbered = reading == "repaired"
        self.line = "_line" if self.numbered else "rowid + 1"
        self.must_be = count_lines(path) if reading == "lines" else None
        if copy is not None:
            self.more, self.is_broken = copy.more, copy.problems > 0

    @override
    def repaired(self, scratch: Path) -> Rows:
        clean = scratch / "clean.csv"
        return JsonLines(clean, "repaired", repair.repair_lines(self._path, clean))

    @override
    def columns(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        parameters = Parameters()
        found = connection.execute(
            f"""select distinct unnest(json_keys(_given)) as key
                from {self._objects(parameters)} order by key""",  # noqa: S608 - bound
            parameters.values,
        )
        keys = [key for (key,) in found.fetchall()]
        require_few_columns(len(keys))
        return keys

    @override
    def has(self, name: str) -> bool:
        del name
        return True

    @override
    def relation(self) -> str:
        # One parse for all requested keys.
        pointers = self.parameters.bind(list(self._requested))
        return f"""(
            select *, json_extract_string(_object, {pointers}::varchar[]) as _values
            from {self._objects(self.parameters)})"""  # noqa: S608 - bound

    def _objects(self, parameters: Parameters) -> str:
        if self._reading == "objects":
            objects = _read_objects(parameters, self._path)
            return f"(select *, null::varchar as _json from {objects})"  # noqa: S608
        if self.numbered:
            lines = read_csv(parameters, self._path, [*repair.COLUMNS, "_json"], ",")
        else:
            lines = read_lines(parameters, self._path)
        return f"""(
            select *, case
                when starts_with(ltrim(_json, ' \t\r'), '{{') then try_cast(_json as json)
            end as _given, {json_in_its_words("_given")} as _object
            from {lines})"""  # noqa: S608 - bound

    @override
    def problem(self) -> str:
        broken = """case
            when len(json_keys(_object)) <> len(list_distinct(json_keys(_object)))
                then 'the object contains a key twice'
            when _object is not null then null
            when coalesce(trim(_json, ' \t\r'), '') = '' then ''
            else 'not a JSON object'
        end"""
        return f"coalesce(nullif(_problem, ''), {broken})" if self.numbered else broken

    @override
    def content(self) -> str:
        return "coalesce(nullif(_content, ''), _json)" if self.numbered else "_json"

    @override
    def text(self, name: str) -> str:
        place = self._requested.setdefault(_pointer(name), len(self._requested) + 1)
        return f"nullif(_values[{place}], '')"

    @override
    def is_inexact(self, name: str) -> str:
        # A whole number of more than 64 bits is a DOUBLE too, and kept exactly.
        pointer = f"{self.parameters.bind(_pointer(name))}::varchar"
        is_whole = rf"regexp_full_match({self.text(name)}, '-?\d+')"
        return f"coalesce(json_type(_given, {pointer}) = 'DOUBLE' and not {is_whole}, false)"

    @override
    def is_present(self, name: str) -> str:
        return f"json_exists(_object, {self.parameters.bind(_pointer(name))}::varchar)"

    @override
    def instant(self, name: str, zone: str) -> str:
        return instant(self.text(name), self.parameters.bind(zone))

    @override
    def others(
        self, taken: Collection[str], renamed: Mapping[str, str], constants: Mapping[str, str]
    ) -> str:
        patch = dict.fromkeys([*taken, *renamed.values()]) | dict(constants)
        others = f"json_merge_patch(_object, {self.parameters.bind(json.dumps(patch))}::json)"
        if not renamed and not constants and self._requested.keys() <= set(map(_pointer, taken)):
            # Usually no key is left; the comparison is cheaper than an empty patch.
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


class UniformObjects(Rows):
    """JSON lines in which all objects have the keys of the first object: the fastest reading.

    DuckDB refuses the file at the first line with other keys, or without an object.
    """

    line = "rowid + 1"
    numbered = False

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, path: Path, *, has_lines: bool = False
    ) -> None:
        """Read the keys of the first object.

        Args:
            connection: the connection that reads the rows.
            path: the file.
            has_lines: whether the rows' lines are needed: each line of the file must be a row.

        """
        super().__init__(Parameters())
        self._path = path
        self.must_be = count_lines(path) if has_lines else None
        self._others: list[str] = []
        self._texts: set[str] = set()
        self._objects = _read_objects(self.parameters, path)
        found = connection.execute(
            f"select json_keys(_given) from {self._objects} limit 1",  # noqa: S608 - bound
            self.parameters.values,
        ).fetchall()
        self._keys: list[str] = found[0][0] if found else []
        distinct = len({key.casefold() for key in self._keys})
        # In a struct, names that differ only in case are the same, and no name is empty.
        if distinct < len(self._keys) or distinct > MAX_COLUMNS or "" in self._keys:
            raise NotUniformError

    @override
    def repaired(self, scratch: Path) -> Rows:
        return JsonLines(self._path, "lines").repaired(scratch)

    @override
    def columns(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        del connection
        return self._keys

    @override
    def has(self, name: str) -> bool:
        del name  # always true: rows without a required key are rejected one by one
        return True

    @override
    def relation(self) -> str:
        if self._texts & {*self._others}:
            raise NotUniformError  # the value is needed as text and as JSON
        types = dict.fromkeys(self._keys, "varchar") | dict.fromkeys(self._others, "json")
        fields = ", ".join(f"{identifier(key)} {kind}" for key, kind in types.items())
        fields = fields or "_none varchar"
        return f"(select _object::struct({fields}) as _values from {self._objects})"  # noqa: S608

    @override
    def problem(self) -> str:
        return "case when _values is null then 'not a JSON object' end"

    @override
    def content(self) -> str:
        return "null::varchar"

    @override
    def text(self, name: str) -> str:
        if name not in self._keys:
            return "null::varchar"
        self._texts.add(name)
        return f"nullif({self._value(name)}, '')"

    def _value(self, name: str) -> str:
        return f"struct_extract_at(_values, {self._keys.index(name) + 1})"

    @override
    def is_inexact(self, name: str) -> str:
        # The value may also be a string of digits; the slower reading decides.
        text = self.text(name)
        return f"""coalesce(case
            when {text} < ':'
                and (contains({text}, '.') or contains({text}, 'e') or contains({text}, 'E'))
                then regexp_full_match({text}, '-?\\d+([.]\\d+)?([eE][+-]?\\d+)?')
        end, false)"""

    @override
    def instant(self, name: str, zone: str) -> str:
        return instant(self.text(name), self.parameters.bind(zone))

    @override
    def others(
        self, taken: Collection[str], renamed: Mapping[str, str], constants: Mapping[str, str]
    ) -> str:
        self._others = [key for key in self._keys if key not in taken]
        # An event without an id gets one by its content, in the order of its own keys.
        if renamed or (self._others and (constants or "event_id" not in taken)):
            raise NotUniformError
        if not self._others:
            return f"{self.parameters.bind(json.dumps(dict(constants)))}::json"
        pairs = [
            f"{self.parameters.bind(key)}::varchar, {self._value(key)}" for key in self._others
        ]
        return f"json_object({', '.join(pairs)})"


class NotUniformError(Exception):
    """The file's objects have different keys; `JsonLines` reads such a file."""


def _read_objects(parameters: Parameters, path: Path) -> str:
    file = parameters.bind(glob.escape(str(path)))
    packing = parameters.bind(packing_of(path))
    read = (
        f"read_ndjson_objects({file}, maximum_object_size = {LINE_BYTES}, compression = {packing})"
    )
    return f"(select json as _given, {json_in_its_words('json')} as _object from {read})"  # noqa: S608


def _pointer(key: str) -> str:
    """Write a JSON pointer (RFC 6901), because a pointer can address every key; a path cannot."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
