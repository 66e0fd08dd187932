"""From a file to rows that SQL can ask: one class per way a format keeps its values.

A text file is first read by DuckDB as it stands. DuckDB's CSV reader does not tell the true line of
a record, and gives up on (or loses) records where line ends are mixed; so what it read counts only
if every line became one row. Any other file is read again through `repair`, line by line.
"""

from __future__ import annotations

import csv
import glob
import json
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Literal

import duckdb

from dagster_project.landing import repair
from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.sql import Parameters, identifier, instant

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

Format = Literal["csv", "jsonl", "parquet"]

_ENDINGS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_DELIMITERS = ",;\t"
_QUOTED = re.compile(r'"[^"]*"')
_BLOCK_BYTES = 1 << 20


class Rows(ABC):
    """A file's rows. The methods return SQL over `relation`; its parameters are in `parameters`.

    Ask for everything that is wanted first, then render `relation`.
    """

    line: str
    """SQL over a table made in file order from `relation` (and keeping `_line`, if it has one):
    the row's line in the file, the first being 1."""
    numbered: bool
    """Whether `relation` has a column `_line`."""
    must_be: int | None
    """How many rows `relation` must give for the lines to be true; None where they are known."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    @abstractmethod
    def columns(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        """Return the names of all columns; where every row has its own, this reads the file."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether rows may have this column."""

    @abstractmethod
    def relation(self) -> str:
        """Return what stands after FROM."""

    @abstractmethod
    def problem(self) -> str:
        """Why the row cannot be read; '' when there is nothing in it; null when it is fine."""

    @abstractmethod
    def content(self) -> str:
        """Return the row as text, for people who look for what was wrong."""

    @abstractmethod
    def text(self, name: str) -> str:
        """Return a column's value as text, null if empty; an object or list as JSON."""

    @abstractmethod
    def instant(self, name: str, zone: str) -> str:
        """Return a column's value as timestamptz, null if it is no time; see `sql.instant`.

        Args:
            name: the column.
            zone: the IANA zone of a time without an offset.

        """

    @abstractmethod
    def others(
        self, taken: Collection[str], renamed: Mapping[str, str], constants: Mapping[str, str]
    ) -> str:
        """Return a JSON object of what is in no other column. A cell without a value gives no key.

        Args:
            taken: columns to leave out.
            renamed: columns to take under another name: { name: column }.
            constants: values to add: { name: value }.

        """


class _Table(Rows):
    """CSV and Parquet: the same columns in every row."""

    def __init__(self, parameters: Parameters, relation: str, types: Mapping[str, str]) -> None:
        super().__init__(parameters)
        self._relation = relation
        # The names are data: in SQL a column is called by its place.
        self._places = {name: f"_c{place}" for place, name in enumerate(types)}
        self._types = types

    def columns(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        del connection
        return list(self._places)

    def has(self, name: str) -> bool:
        return name in self._places

    def relation(self) -> str:
        return self._relation

    def problem(self) -> str:
        return f"case when coalesce({', '.join(map(self.text, self._places))}) is null then '' end"

    def content(self) -> str:
        return f"{self._object(self._places)}::varchar"

    def text(self, name: str) -> str:
        place, data_type = self._places[name], self._types[name]
        nested = data_type.endswith("]") or data_type.startswith(("STRUCT", "MAP", "UNION"))
        return f"nullif({f'to_json({place})' if nested else place}::varchar, '')"

    def instant(self, name: str, zone: str) -> str:
        place, data_type = self._places[name], self._types[name]
        if data_type == "TIMESTAMP WITH TIME ZONE":
            return place
        if data_type.startswith(("TIMESTAMP", "DATE")):
            return f"timezone({self.parameters.bind(zone)}, {place}::timestamp)"
        return instant(self.text(name), self.parameters.bind(zone))

    def others(
        self, taken: Collection[str], renamed: Mapping[str, str], constants: Mapping[str, str]
    ) -> str:
        left = {*taken, *renamed.values()}
        return self._object(
            {name: place for name, place in self._places.items() if name not in left}
            | {ours: self._places[theirs] for ours, theirs in renamed.items()}
            | {name: self.parameters.bind(value) for name, value in constants.items()}
        )

    def _object(self, values: Mapping[str, str]) -> str:
        pairs = [f"{self.parameters.bind(name)}::varchar, {sql}" for name, sql in values.items()]
        # Merging into an empty object drops nulls (RFC 7396).
        return f"json_merge_patch('{{}}', json_object({', '.join(pairs)}))"


class _CsvTable(_Table):
    """A CSV file as DuckDB reads it."""

    line = "rowid + 2"
    numbered = False

    def __init__(self, path: Path, header: Sequence[str], delimiter: str) -> None:
        parameters = Parameters()
        super().__init__(
            parameters,
            _read_csv(parameters, path, [f"_c{place}" for place in range(len(header))], delimiter),
            dict.fromkeys(header, "VARCHAR"),
        )
        self.must_be = _count_lines(path) - 1


class _RepairedTable(_Table):
    """A CSV file as `repair` wrote it anew."""

    line = "_line"
    numbered = True
    must_be = None

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        parameters = Parameters()
        columns = [*repair.COLUMNS, *(f"_c{place}" for place in range(len(header)))]
        super().__init__(
            parameters, _read_csv(parameters, path, columns, ","), dict.fromkeys(header, "VARCHAR")
        )

    def problem(self) -> str:
        return f"coalesce(_problem, {super().problem()})"

    def content(self) -> str:
        return f"coalesce(_content, {super().content()})"


class _ParquetTable(_Table):
    """A Parquet file; its lines are its rows."""

    line = "rowid + 1"
    numbered = False
    must_be = None

    def __init__(self, path: Path, types: Mapping[str, str]) -> None:
        parameters = Parameters()
        columns = ", ".join(f"{identifier(name)} as _c{place}" for place, name in enumerate(types))
        file = parameters.bind(glob.escape(str(path)))
        relation = f"(select {columns} from read_parquet({file}))"  # noqa: S608 - quoted, bound
        super().__init__(parameters, relation, types)


class _JsonLines(Rows):
    """One JSON object a line, each with keys of its own."""

    def __init__(self, path: Path, *, repaired: bool) -> None:
        super().__init__(Parameters())
        self._path = path
        self._columns = [*repair.COLUMNS, "_json"] if repaired else ["_json"]
        self._asked: dict[str, int] = {}
        self.numbered = repaired
        self.line = "_line" if repaired else "rowid + 1"
        self.must_be = None if repaired else _count_lines(path)

    def columns(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        parameters = Parameters()
        found = connection.execute(
            f"""select distinct unnest(json_keys(_object)) as key
                from {self._objects(parameters)} order by key""",  # noqa: S608 - bound
            parameters.values,
        )
        return [key for (key,) in found.fetchall()]

    def has(self, name: str) -> bool:
        del name
        return True

    def relation(self) -> str:
        # One parse for all keys that were asked for.
        pointers = self.parameters.bind(list(self._asked))
        return f"""(
            select *, json_extract_string(_object, {pointers}::varchar[]) as _values
            from {self._objects(self.parameters)})"""  # noqa: S608 - bound

    def _objects(self, parameters: Parameters) -> str:
        if self.numbered:
            lines = _read_csv(parameters, self._path, self._columns, ",")
        else:
            lines = _read_lines(parameters, self._path)
        return f"""(
            select *, case
                when starts_with(ltrim(_json, ' \t\r'), '{{') then try_cast(_json as json)
            end as _object
            from {lines})"""  # noqa: S608 - bound

    def problem(self) -> str:
        broken = """case
            when _object is not null then null
            when coalesce(trim(_json, ' \t\r'), '') = '' then ''
            else 'not a JSON object'
        end"""
        return f"coalesce(_problem, {broken})" if self.numbered else broken

    def content(self) -> str:
        return "coalesce(_content, _json)" if self.numbered else "_json"

    def text(self, name: str) -> str:
        place = self._asked.setdefault(_pointer(name), len(self._asked) + 1)
        return f"nullif(_values[{place}], '')"

    def instant(self, name: str, zone: str) -> str:
        return instant(self.text(name), self.parameters.bind(zone))

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


def format_of(path: Path, declared: Literal["detect", "csv", "jsonl", "parquet"]) -> Format:
    """Tell a file's format: as declared, else by its name's ending.

    Raises:
        FileRejectedError: the ending says none.

    """
    if declared != "detect":
        return declared
    try:
        return _ENDINGS[path.suffix.lower()]
    except KeyError:
        raise FileRejectedError(
            f"the format cannot be told from the file's name: end it in {', '.join(_ENDINGS)}, "
            "or set the source's format"
        ) from None


def open_rows(connection: duckdb.DuckDBPyConnection, path: Path, file_format: Format) -> Rows:
    """Open a file as it stands.

    Raises:
        FileRejectedError: it is empty or unreadable, or its header is.

    """
    if path.stat().st_size == 0:
        raise FileRejectedError("the file is empty")
    if file_format == "csv":
        return _CsvTable(path, *_read_header(path))
    if file_format == "jsonl":
        return _JsonLines(path, repaired=False)
    try:
        described = connection.execute(
            "describe select * from read_parquet($path)", {"path": glob.escape(str(path))}
        ).fetchall()
    except duckdb.Error as error:
        raise FileRejectedError("not a readable Parquet file", str(error)) from error
    return _ParquetTable(path, {name: data_type for name, data_type, *_ in described})


def open_repaired(path: Path, file_format: Literal["csv", "jsonl"], scratch: Path) -> Rows:
    """Open a text file that `open_rows` could not number, by way of a clean copy in `scratch`."""
    clean = scratch / "repaired.csv"
    if file_format == "csv":
        header, delimiter = _read_header(path)
        repair.repair_csv(path, clean, len(header), delimiter)
        return _RepairedTable(clean, header)
    repair.repair_lines(path, clean)
    return _JsonLines(clean, repaired=True)


def _read_csv(parameters: Parameters, path: Path, columns: Sequence[str], delimiter: str) -> str:
    # Detection is off: on a file with broken rows the sniffer finds another delimiter, or skips
    # lines. Strict: a lenient reader drops what is too much in a row.
    return f"""read_csv(
        {parameters.bind(glob.escape(str(path)))},
        columns = {parameters.bind(dict.fromkeys(columns, "VARCHAR"))},
        delim = {parameters.bind(delimiter)},
        quote = '"', escape = '"', header = true, auto_detect = false, strict_mode = true)"""


def _read_lines(parameters: Parameters, path: Path) -> str:
    # No quote, and a delimiter that cannot be in JSON text (RFC 8259: no control characters).
    return f"""read_csv(
        {parameters.bind(glob.escape(str(path)))},
        columns = {{'_json': 'VARCHAR'}},
        delim = '\x1f', quote = '', escape = '',
        header = false, auto_detect = false, strict_mode = true)"""


def _read_header(path: Path) -> tuple[list[str], str]:
    """Read the column names and the delimiter of a CSV file."""
    # Bytes that are no UTF-8 further down are a matter of their rows.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as handle:
        unquoted = _QUOTED.sub("", handle.readline())
        delimiter = max(_DELIMITERS, key=unquoted.count)
        handle.seek(0)
        try:
            cells = next(csv.reader(handle, delimiter=delimiter, skipinitialspace=True))
            "".join(cells).encode()
        except (UnicodeEncodeError, csv.Error) as error:
            raise FileRejectedError("the header is not one line of UTF-8 CSV") from error
    header = [cell.strip() or f"column{place}" for place, cell in enumerate(cells, start=1)]
    folded = [name.casefold() for name in header]
    twice = sorted({name for name in folded if folded.count(name) > 1})
    if twice:
        raise FileRejectedError("the header names a column twice", ", ".join(twice))
    return header, delimiter


def _count_lines(path: Path) -> int:
    """Count the lines of a file, the last one with or without its end."""
    lines, last = 0, b"\n"
    with path.open("rb") as handle:
        while block := handle.read(_BLOCK_BYTES):
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + (last != b"\n")
