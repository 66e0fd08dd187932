"""Writes a clean copy of a file that DuckDB cannot read or number.

The clean copy has one row per record or line: the line in the file, then either the values, or the
problem and the text.
"""

from __future__ import annotations

import csv
from contextlib import contextmanager
from itertools import repeat
from typing import TYPE_CHECKING

from dagster_project.landing.formats.csv_records import (
    Dialect,
    WholeLines,
    line_by_line,
    read_whole_lines,
    split_csv_footer,
    whole_lines,
)
from dagster_project.landing.formats.encoding import UTF_8
from dagster_project.landing.formats.text import MAX_BYTES, open_text, skip_line, unfit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

    from dagster_project.landing.formats.csv_records import Record

COLUMNS = ("_line", "_problem", "_content")
"""The first columns of a clean copy; the values follow."""

USUAL = Dialect()
"""The dialect of a clean copy, if the copy has no lines of the file as they are."""

MAX_REJECTS = 10_000
"""The number of rejected rows of one file that are listed; further rows are only counted."""

_MAX_SHOWN = 100_000


class CleanCopy:
    """A clean copy during writing."""

    def __init__(self, target: TextIO, width: int, dialect: Dialect) -> None:
        self._target = target
        self._writer = csv.writer(
            target,
            delimiter=dialect.delimiter,
            quotechar=dialect.quote,
            quoting=csv.QUOTE_ALL,
            lineterminator="\n",
        )
        self._no_problem = dialect.delimiter * len(COLUMNS)
        self._writer.writerow([*COLUMNS, *range(width)])
        self._no_values = [""] * width
        self.rows = 0
        """The number of written rows."""
        self.more = 0
        """The number of rows with a problem beyond `MAX_REJECTS`, which are not written."""
        self.problems = 0
        """The number of written rows with a problem."""
        self._footer: list[int] = []

    @property
    def notices(self) -> tuple[str, ...]:
        """What the reader left out of the file."""
        if not self._footer:
            return ()
        return (f"from line {self._footer[0]} on the file has a report's footer, not records",)

    def add_footer(self, line: int) -> None:
        """Write a line of the file's footer: an empty row, which lands nowhere."""
        self._footer.append(line)
        self.add(line, None, "", self._no_values)

    def add(self, line: int, problem: str | None, text: str, values: Sequence[str]) -> None:
        """Write a row: with a problem, the problem and the text; else the values."""
        if problem is None:
            self.rows += 1
            self._writer.writerow([line, "", "", *values])
        elif self.problems < MAX_REJECTS:
            self.rows += 1
            self.problems += 1
            self._writer.writerow([line, problem, _shown(text), *self._no_values])
        else:
            self.more += 1

    def add_lines(self, first: int, lines: list[str]) -> None:
        """Write consecutive lines that are records without doubt, as they are."""
        self.rows += len(lines)
        numbered = zip(map(str, range(first, first + len(lines))), lines, strict=True)
        self._target.write("\n".join(map(self._no_problem.join, numbered)) + "\n")


@contextmanager
def clean_copy(clean: Path, width: int, dialect: Dialect = USUAL) -> Iterator[CleanCopy]:
    """Write a clean copy of `width` columns.

    Args:
        clean: the file to write.
        width: the number of columns.
        dialect: the delimiter and the quote of the copy.

    Raises:
        OSError: the disk is full; the message names the folder.

    """
    try:
        with clean.open("w", encoding="utf-8", newline="") as target:
            yield CleanCopy(target, width, dialect)
    except OSError as error:
        if error.filename is None:  # an error of writing; an error of reading has a file name
            raise OSError(
                error.errno,
                f"{error.strerror}: landing needs a temporary copy of the file; free disk space, "
                "or set TMPDIR to a folder with more space",
                str(clean.parent),
            ) from error
        raise


def repair_csv(
    path: Path,
    clean: Path,
    dialect: Dialect,
    encoding: str,
    *,
    quote_is_declared: bool = False,
    may_have_footer: bool = False,
) -> CleanCopy:
    """Write the records of a CSV file, with any mix of line ends, in `copied(dialect)`.

    Args:
        path: the file.
        clean: the file to write.
        dialect: the dialect of the file.
        encoding: the encoding of the file.
        quote_is_declared: whether the quote character is declared, not detected.
        may_have_footer: whether the file may end with a report's footer, which is no record.

    """
    width = len(dialect.header)
    with open_text(path, encoding) as source, clean_copy(clean, width, copied(dialect)) as copy:
        records = read_whole_lines(source, dialect, encoding)
        next(records)
        for record, is_footer in (
            split_csv_footer(line_by_line(records), dialect, width)
            if may_have_footer
            else zip(records, repeat(False))
        ):
            if is_footer:
                copy.add_footer(record.line)
                continue
            if isinstance(record, WholeLines):
                copy.add_lines(record.line, record.lines)
                continue
            problem = record.problem or _wrong_width(record.values, width)
            if problem is None and not quote_is_declared:
                problem = _swallowed(record, dialect)
            copy.add(record.line, problem, record.text, record.values)
    return copy


def copied(dialect: Dialect) -> Dialect:
    """Return the dialect of the clean copy: the file's own if the copy has lines of the file."""
    return USUAL if whole_lines(dialect, len(dialect.header)) is None else dialect


def repair_lines(path: Path, clean: Path, encoding: str = UTF_8) -> CleanCopy:
    """Write the lines of a text file, ended by LF or CR LF, without blank lines.

    Args:
        path: the file.
        clean: the file to write.
        encoding: the encoding of the file.

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
    return copy


def _swallowed(record: Record, dialect: Dialect) -> str | None:
    """Find a record of several lines in which each line could be a record.

    A stray quote joins all records up to the next quote into such a record.
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
        f"a stray quote is possible: lines {record.line} to {last} are one record, or {len(lines)} "
        "records with a stray quote; if the quotes are correct, set the source's quote"
    )


def _wrong_width(values: Sequence[str], width: int) -> str | None:
    if len(values) == width:
        return None
    return f"the number of values differs from the header: {len(values)} instead of {width}"


def _shown(text: str) -> str:
    readable = text.rstrip("\r\n").encode(errors="surrogateescape").decode(errors="replace")
    return readable if len(readable) <= _MAX_SHOWN else f"{readable[:_MAX_SHOWN]} … (cut)"
