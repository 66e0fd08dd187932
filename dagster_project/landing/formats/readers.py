"""Picks the reader of a file.

DuckDB reads a text file directly if the file is unambiguous. DuckDB's CSV reader does not report
the line of a record. So its result counts only if every line became one row. Any other file is
read through a clean copy.
"""

from __future__ import annotations

import glob
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import duckdb

from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.formats import json_document, packing, repair, workbook
from dagster_project.landing.formats.csv_file import inspect
from dagster_project.landing.formats.encoding import HEAD_BYTES, UTF_8, encoding_of, wide_encoding
from dagster_project.landing.formats.header import unique_names
from dagster_project.landing.formats.json_lines import JsonLines
from dagster_project.landing.formats.tables import (
    CsvTable,
    ParquetTable,
    RepairedTable,
    repaired_csv,
)
from dagster_project.landing.formats.text import MAX_BYTES, open_text, rejecting_damaged_text

if TYPE_CHECKING:
    from dagster_project.home.source_settings import SourceSettings
    from dagster_project.landing.formats.rows import Rows

# Not included: out of memory and disk full, which are not the file's fault.
UNREADABLE = (
    duckdb.InvalidInputException,
    duckdb.ConversionException,
    duckdb.SerializationException,
    duckdb.InvalidTypeException,
    duckdb.NotImplementedException,  # a line of many gigabytes
)
"""The errors that DuckDB raises because of a file's content."""

Format = Literal["csv", "json", "jsonl", "parquet", "xlsx"]

_ENDINGS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
_EXCEL = "save the workbook as .xlsx or .csv"
_ARCHIVE = "unpack the archive, or pack the files as .zip"
_REPACK = "unpack the file, or pack it with gzip or zstd"
_PAGE = "export the data as .csv or .json"
_REMEDIES: dict[str, str] = {
    **dict.fromkeys((".xls", ".xlsb", ".xlsm", ".xltx", ".ods", ".numbers"), _EXCEL),
    **dict.fromkeys((".7z", ".rar", ".tar", ".tgz"), _ARCHIVE),
    **dict.fromkeys((".bz2", ".xz", ".lz4", ".br"), _REPACK),
    **dict.fromkeys((".xml", ".html", ".htm", ".pdf", ".doc", ".docx", ".vcf", ".eml"), _PAGE),
    **dict.fromkeys((".avro", ".orc", ".db", ".sqlite", ".duckdb"), "export it as .parquet"),
    ".txt": "rename the file by its content to .csv, .tsv or .jsonl, or set the source's format in "
    "sendhouse.toml",
}
_MAGIC: dict[bytes, str] = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "an Excel workbook (.xlsx) or another ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls) or a workbook with a password: save it as "
    ".xlsx without password",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"Obj\x01": "an Avro file",
    b"ORC": "an ORC file",
    b"SQLite format 3": "an SQLite database",
    b"7z\xbc\xaf": "a 7z archive",
    b"BZh": "a bzip2 archive: pack it with gzip or zstd",
    b"\xfd7zXZ": "an xz archive: pack it with gzip or zstd",
}
_EXPECTED: dict[Format, bytes] = {"parquet": b"PAR1", "xlsx": b"PK\x03\x04"}
_JSON = re.compile(rb'\[?\s*\{\s*"')
_RENAME = "Rename the file by its content, or set the source's format"


def format_of(path: Path, declared: Literal["detect"] | Format) -> Format:
    """Return the declared format, else the format by the file name without the packing's ending.

    Raises:
        FileRejectedError: the file name has no known ending; the message says what to do.

    """
    if declared != "detect":
        return declared
    name = Path(path.stem) if path.suffix.lower() in packing.ENDINGS else path
    ending = name.suffix.lower()
    if ending in _ENDINGS:
        return _ENDINGS[ending]
    if remedy := _REMEDIES.get(ending):
        raise FileRejectedError(f"{ending} files are not read: {remedy}")
    what = f"'{ending}'" if ending else "a file name without ending"
    raise FileRejectedError(
        f"unknown file format: {what}; end the file name in {', '.join(_ENDINGS)} "
        "(and .gz or .zst), or .zip; or set the source's format in sendhouse.toml"
    )


def open_rows(
    connection: duckdb.DuckDBPyConnection, path: Path, source: SourceSettings, scratch: Path
) -> Rows:
    """Open a file directly if DuckDB reads it correctly, else through a clean copy.

    Args:
        connection: the connection that reads the rows.
        path: the file, packed or not.
        source: the declared settings.
        scratch: a folder for this file's clean copy; it must exist while the rows are read.

    Raises:
        FileRejectedError: the file is empty, unreadable or ambiguous.
        OSError: the disk is too full for the copy.

    """
    file_format = format_of(path, source.format)
    with packing.open_unpacked(path) as handle:
        head = handle.read(HEAD_BYTES)
    if not head:
        raise FileRejectedError("the file is empty")
    _refuse_others(head, file_format)
    if file_format in ("parquet", "xlsx"):
        path = _unpacked(path, scratch)
    match file_format:
        case "csv":
            file = inspect(path, source)
            return CsvTable(file) if file.lines is not None else repaired_csv(file, scratch)
        case "json":
            return _open_json(path, source, scratch)
        case "jsonl":
            return _open_lines(path, head, source, scratch)
        case "xlsx":
            clean = scratch / "clean.csv"
            header, copy = workbook.write_sheet(path, clean, source.sheet, source.header_line)
            names, again = unique_names(header)
            return RepairedTable(clean, names, copy, header, again)
        case "parquet":
            return _open_parquet(connection, path)


def _refuse_others(head: bytes, file_format: Format) -> None:
    """Reject a file whose first bytes contradict its format."""
    expected = _EXPECTED.get(file_format)
    if expected is not None and head.startswith(expected):
        return
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise FileRejectedError(
                f"the file is not {file_format}: by its first bytes it is {what}. {_RENAME}"
            )
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<table")):
        raise FileRejectedError(
            f"the file is not {file_format}: it is HTML or XML, for example a login page or an old "
            "Excel export. Export the file again"
        )
    if expected is not None:
        first = expected.decode().rstrip("\x03\x04")
        raise FileRejectedError(
            f"the file is not {file_format}: its first bytes are not '{first}'. {_RENAME}"
        )
    if file_format == "csv" and _JSON.match(start):
        raise FileRejectedError(f"the file is not csv: by its first bytes it is JSON. {_RENAME}")


def _unpacked(path: Path, scratch: Path) -> Path:
    """Return the file, or an unpacked copy, because these formats need random access."""
    if packing.packing_of(path) == "none":
        return path
    target = scratch / "unpacked"
    with packing.open_unpacked(path) as source, target.open("wb") as handle:
        shutil.copyfileobj(source, handle)
    return target


def _open_lines(path: Path, head: bytes, source: SourceSettings, scratch: Path) -> Rows:
    if source.format == "detect" and head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"[":
        return _open_json(path, source, scratch)
    wide = wide_encoding(head)
    if wide is None and source.encoding == "detect":
        return JsonLines(path, "lines")  # JSON is UTF-8 (RFC 8259, 8.1)
    clean = scratch / "clean.csv"
    with rejecting_damaged_text():
        copy = repair.repair_lines(path, clean, encoding_of(path, source.encoding))
    return JsonLines(clean, "repaired", copy)


def _open_json(path: Path, source: SourceSettings, scratch: Path) -> Rows:
    encoding = encoding_of(path, source.encoding)
    clean = scratch / "clean.csv"
    with rejecting_damaged_text():
        if _is_lines(path, encoding):
            if encoding == UTF_8:
                return JsonLines(path, "lines")
            copy = repair.repair_lines(path, clean, encoding)
        else:
            copy = json_document.write_records(path, clean, encoding)
    return JsonLines(clean, "repaired", copy)


def _is_lines(path: Path, encoding: str) -> bool:
    """Whether the first line is an object and a later line is not blank."""
    with open_text(path, encoding) as handle:
        line = ""
        while not line.strip():
            line = handle.readline(MAX_BYTES)
            if not line:
                return False
        try:
            is_object = isinstance(json.loads(line), dict)
        except (ValueError, RecursionError):
            return False
        while is_object and (following := handle.readline(MAX_BYTES)):
            if following.strip():
                return True
    return False


def _open_parquet(connection: duckdb.DuckDBPyConnection, path: Path) -> Rows:
    try:
        described = connection.execute(
            "describe select * from read_parquet($path, hive_partitioning = false)",
            {"path": glob.escape(str(path))},
        ).fetchall()
    except duckdb.Error as error:
        raise FileRejectedError("the Parquet file cannot be read", str(error)) from error
    return ParquetTable(path, {name: data_type for name, data_type, *_ in described})
