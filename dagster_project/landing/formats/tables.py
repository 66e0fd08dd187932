"""CSV and Parquet files: formats with the same columns in every row."""

from __future__ import annotations

import glob
from typing import TYPE_CHECKING

from typing_extensions import override

from dagster_project.home.sql import Parameters, identifier
from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.formats import repair
from dagster_project.landing.formats.cell_sql import instant
from dagster_project.landing.formats.rows import Rows, require_few_columns
from dagster_project.landing.formats.text import read_csv

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    import duckdb

    from dagster_project.landing.formats.csv_file import CsvFile
    from dagster_project.landing.formats.csv_records import Dialect
    from dagster_project.landing.formats.repair import CleanCopy


_EXACT = 1 << 53
"""Whole numbers below this are exact in a DOUBLE (IEEE 754)."""


class _Table(Rows):
    """A file with the same columns in every row."""

    def __init__(self, parameters: Parameters, relation: str, types: Mapping[str, str]) -> None:
        super().__init__(parameters)
        require_few_columns(len(types))
        self._relation = relation
        # Column names are data: SQL uses the column's position.
        self._places = {name: f"_c{place}" for place, name in enumerate(types)}
        self._types = types

    @override
    def columns(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        del connection
        return list(self._places)

    @override
    def has(self, name: str) -> bool:
        return name in self._places

    @override
    def relation(self) -> str:
        return self._relation

    @override
    def problem(self) -> str:
        return f"case when coalesce({', '.join(map(self.text, self._places))}) is null then '' end"

    @override
    def content(self) -> str:
        return f"{self._object(self._places)}::varchar"

    @override
    def text(self, name: str) -> str:
        place, data_type = self._places[name], self._types[name]
        nested = data_type.endswith("]") or data_type.startswith(("STRUCT", "MAP", "UNION"))
        if nested:
            return f"nullif(to_json({place})::varchar, '')"
        if data_type in ("DOUBLE", "FLOAT"):
            # 42.0 becomes 42: a data frame turns an integer column with gaps into floats.
            is_whole = f"{place} = trunc({place}) and abs({place}) < {_EXACT}"
            return f"case when {is_whole} then {place}::bigint::varchar else {place}::varchar end"
        return f"nullif({place}::varchar, '')"

    @override
    def is_inexact(self, name: str) -> str:
        if self._types[name] not in ("DOUBLE", "FLOAT"):
            return "false"
        place = self._places[name]
        return f"coalesce({place} <> trunc({place}) or abs({place}) >= {_EXACT}, false)"

    @override
    def instant(self, name: str, zone: str) -> str:
        place, data_type = self._places[name], self._types[name]
        if data_type == "TIMESTAMP WITH TIME ZONE":
            return place
        if data_type.startswith(("TIMESTAMP", "DATE")):
            return f"timezone({self.parameters.bind(zone)}, {place}::timestamp)"
        return instant(self.text(name), self.parameters.bind(zone))

    @override
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
        pairs = [
            f"{self.parameters.bind(name)}::varchar, {self._filled(sql)}"
            for name, sql in values.items()
        ]
        # Merging into an empty object drops nulls (RFC 7396).
        return f"json_merge_patch('{{}}', json_object({', '.join(pairs)}))"

    def _filled(self, sql: str) -> str:
        """Write SQL that is null for an empty cell."""
        return sql


class _TextTable(_Table):
    """A table of texts with the column names in a row, which the file may repeat."""

    _names: Sequence[str]
    """The column names as they are in the file."""

    @override
    def _filled(self, sql: str) -> str:
        return f"nullif({sql}, '')"

    @override
    def problem(self) -> str:
        names = [name.strip().lower() for name in self._names]
        again = " and ".join(
            f"lower(trim(_c{place}, ' \t\ufeff')) = {self.parameters.bind(name)}"
            for place, name in enumerate(names)
        )
        # trim is slow: only a row with the longest name in its column needs it.
        longest = max(range(len(names)), key=lambda place: len(names[place]))
        may_be = f"contains(lower(_c{longest}), {self.parameters.bind(names[longest])})"
        return f"""case
            when case when {may_be} then {again} end then 'the column names are repeated'
            else {super().problem()}
        end"""


class CsvTable(_TextTable):
    """A CSV file that DuckDB reads directly."""

    line = "rowid + 2"
    numbered = False

    def __init__(self, file: CsvFile) -> None:
        parameters = Parameters()
        columns = [f"_c{place}" for place in range(len(file.names))]
        dialect = file.dialect
        super().__init__(
            parameters,
            read_csv(parameters, file.path, columns, dialect.delimiter, dialect.quote),
            dict.fromkeys(file.names, "VARCHAR"),
        )
        self._file = file
        self._names = file.dialect.header
        self.again = file.again
        self.must_be = None if file.lines is None else file.lines - 1

    @override
    def repaired(self, scratch: Path) -> Rows:
        return repaired_csv(self._file, scratch)


def repaired_csv(file: CsvFile, scratch: Path) -> RepairedTable:
    """Open a CSV file through a clean copy in `scratch`."""
    clean = scratch / "clean.csv"
    copy = repair.repair_csv(
        file.path,
        clean,
        file.dialect,
        file.encoding,
        quote_is_declared=file.quote_is_declared,
        may_have_footer=file.may_have_footer,
    )
    return RepairedTable(
        clean, file.names, copy, file.dialect.header, file.again, repair.copied(file.dialect)
    )


class RepairedTable(_TextTable):
    """The clean copy of a table, written by `repair`."""

    line = "_line"
    numbered = True

    def __init__(
        self,
        clean: Path,
        names: Sequence[str],
        copy: CleanCopy,
        header: Sequence[str],
        again: Mapping[str, Sequence[str]],
        dialect: Dialect = repair.USUAL,
    ) -> None:
        parameters = Parameters()
        columns = [*repair.COLUMNS, *(f"_c{place}" for place in range(len(names)))]
        super().__init__(
            parameters,
            read_csv(parameters, clean, columns, dialect.delimiter, dialect.quote),
            dict.fromkeys(names, "VARCHAR"),
        )
        self._names = header
        self.again = again
        self.must_be, self.more = copy.rows, copy.more
        self.notices = copy.notices
        self.is_broken = copy.problems > 0

    @override
    def problem(self) -> str:
        return f"coalesce(nullif(_problem, ''), {super().problem()})"

    @override
    def content(self) -> str:
        return f"coalesce(nullif(_content, ''), {super().content()})"

    @override
    def repaired(self, scratch: Path) -> Rows:
        raise FileRejectedError("the clean copy of the file is incomplete; report this as a bug")


class ParquetTable(_Table):
    """A Parquet file; a row's number is its line."""

    line = "rowid + 1"
    numbered = False
    must_be = None

    def __init__(self, path: Path, types: Mapping[str, str]) -> None:
        parameters = Parameters()
        columns = ", ".join(f"{identifier(name)} as _c{place}" for place, name in enumerate(types))
        file = parameters.bind(glob.escape(str(path)))
        # A folder `name=x` in the path must not become a column `name`.
        read = f"read_parquet({file}, hive_partitioning = false)"
        relation = f"(select {columns} from {read})"  # noqa: S608 - quoted, bound
        super().__init__(parameters, relation, types)

    @override
    def repaired(self, scratch: Path) -> Rows:
        raise FileRejectedError("the Parquet file is damaged: export or upload it again")
