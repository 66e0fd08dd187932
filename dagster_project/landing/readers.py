"""Which reader a file needs.

A text file is first read by DuckDB as it stands. DuckDB's CSV reader does not tell the true line of
a record, and gives up on (or loses) records where line ends are mixed; so what it read counts only
if every line became one row. Any other file is read again through `repair`, line by line.
"""

from __future__ import annotations

import csv
import glob
import re
from typing import TYPE_CHECKING, Literal

import duckdb

from dagster_project.landing import repair
from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.json_lines import JsonLines
from dagster_project.landing.tables import CsvTable, ParquetTable, RepairedTable

if TYPE_CHECKING:
    from pathlib import Path

    from dagster_project.landing.rows import Rows

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
        return CsvTable(path, *_read_header(path))
    if file_format == "jsonl":
        return JsonLines(path, "lines")
    try:
        described = connection.execute(
            "describe select * from read_parquet($path)", {"path": glob.escape(str(path))}
        ).fetchall()
    except duckdb.Error as error:
        raise FileRejectedError("not a readable Parquet file", str(error)) from error
    return ParquetTable(path, {name: data_type for name, data_type, *_ in described})


def open_repaired(path: Path, file_format: Literal["csv", "jsonl"], scratch: Path) -> Rows:
    """Open a text file that `open_rows` could not number, by way of a clean copy in `scratch`."""
    clean = scratch / "repaired.csv"
    if file_format == "csv":
        header, delimiter = _read_header(path)
        repair.repair_csv(path, clean, len(header), delimiter)
        return RepairedTable(clean, header)
    repair.repair_lines(path, clean)
    return JsonLines(clean, "repaired")


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
