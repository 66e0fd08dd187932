"""Files that DuckDB cannot number or read as they stand, written anew, row by row.

The clean copy has a row per record or line: its line in the file, and either its values or what
is wrong with it and its text.
"""

from __future__ import annotations

import csv
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagster_project.landing.formats.csv_records import read_records
from dagster_project.landing.formats.encoding import UTF_8
from dagster_project.landing.formats.text import MAX_BYTES, open_text, skip_line, unfit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

    from dagster_project.landing.formats.csv_records import Dialect, Record

COLUMNS = ("_line", "_problem", "_content")
"""The first columns of a clean copy; the values follow."""

_MAX_SHOWN = 100_000


class CleanCopy:
    """A clean copy that is being written."""

    def __init__(self, target: TextIO, width: int) -> None:
        self._writer = csv.writer(target, quoting=csv.QUOTE_ALL, lineterminator="\n")
        self._writer.writerow([*COLUMNS, *range(width)])
        self._nothing = [""] * width
        self.rows = 0

    def add(self, line: int, problem: str | None, text: str, values: Sequence[str]) -> None:
        """Write a row: its line; what is wrong with it, or None; its text; its values."""
        self.rows += 1
        if problem is None:
            self._writer.writerow([line, "", "", *values])
        else:
            self._writer.writerow([line, problem, _shown(text), *self._nothing])


@contextmanager
def clean_copy(clean: Path, width: int) -> Iterator[CleanCopy]:
    """Write a clean copy of `width` columns.

    Raises:
        OSError: there is no room for it; the message says where.

    """
    try:
        with clean.open("w", encoding="utf-8", newline="") as target:
            yield CleanCopy(target, width)
    except OSError as error:
        if error.filename is None:  # of what is written; what is read has a name
            raise OSError(
                error.errno,
                f"{error.strerror}: reading the file takes a copy of it; free space there, or set "
                "TMPDIR to a folder with more",
                str(clean.parent),
            ) from error
        raise


def repair_csv(
    path: Path, clean: Path, dialect: Dialect, encoding: str, *, quote_is_told: bool = False
) -> int:
    """Write the records of a CSV file, with any mix of line ends.

    Args:
        path: the file.
        clean: the file to write.
        dialect: how it is written.
        encoding: what it is encoded in.
        quote_is_told: whether it is known, and not only likely, what values are quoted by.

    Returns:
        How many records there are.

    """
    width = len(dialect.header)
    with open_text(path, encoding) as source, clean_copy(clean, width) as copy:
        records = read_records(source, dialect, encoding)
        next(records)
        for record in records:
            problem = record.problem or _wrong_width(record.values, width)
            if problem is None and not quote_is_told:
                problem = _swallowed(record, dialect)
            copy.add(record.line, problem, record.text, record.values)
    return copy.rows


def repair_lines(path: Path, clean: Path, encoding: str = UTF_8) -> None:
    """Write the lines of a text file, ended by LF or CR LF; blank ones are left out.

    Args:
        path: the file.
        clean: the file to write.
        encoding: what it is encoded in.

    """
    with open_text(path, encoding, newline="\n") as source, clean_copy(clean, 1) as copy:
        number = 0
        while line := source.readline(MAX_BYTES + 2):
            number += 1
            if len(line) == MAX_BYTES + 2 and not line.endswith("\n"):
                skip_line(source, ("\n",))
            text = line.rstrip("\r\n")
            if text.strip():
                copy.add(number, unfit(text, encoding), text, [text])


def _swallowed(record: Record, dialect: Dialect) -> str | None:
    """Doubt a value of several lines where each line could be a record itself.

    That is what a stray quote makes of the records up to the next one.
    """
    lines = record.text.splitlines()
    width = len(dialect.header)
    if (
        width == 1
        or len(lines) == 1
        or any(line.count(dialect.delimiter) + 1 != width for line in lines)
    ):
        return None
    last = record.line + len(lines) - 1
    return (
        f"lines {record.line} to {last} are one record if the quotes are right, and {len(lines)} "
        "if one is astray; if they are right, set the source's quote"
    )


def _wrong_width(values: Sequence[str], width: int) -> str | None:
    if len(values) == width:
        return None
    return f"{len(values)} values where the header has {width} columns"


def _shown(text: str) -> str:
    readable = text.rstrip("\r\n").encode(errors="surrogateescape").decode(errors="replace")
    return readable if len(readable) <= _MAX_SHOWN else f"{readable[:_MAX_SHOWN]} … (cut)"
