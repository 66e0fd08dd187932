"""Text files that DuckDB's CSV reader cannot number or read, written anew, line by line.

The clean copy has a row per record or line: its line in the file, and either its values or what
is wrong with it and its text.
"""

from __future__ import annotations

import csv
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COLUMNS = ("_line", "_problem", "_content")
"""The first columns of a clean copy; the values follow."""

# DuckDB reads lines of two million bytes; quoting a line of half of that may double it. A value is
# no longer than csv.field_size_limit() (131,072 characters) anyway: that is also where a quote that
# is never closed ends, instead of taking the rest of the file with it.
_MAX_BYTES = 1_000_000
_MAX_SHOWN = 100_000


class _Taken:
    """The lines of a file, with those kept that the current record took."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.number = 0
        self.text: list[str] = []

    def __iter__(self) -> _Taken:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        self.text.append(line)
        return line


def repair_csv(path: Path, clean: Path, width: int, delimiter: str) -> None:
    """Write the records of a CSV file (RFC 4180, any mix of line ends) that has a header.

    Args:
        path: the file.
        clean: the file to write.
        width: how many columns the header has.
        delimiter: what separates values.

    """
    with (
        path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as source,
        clean.open("w", encoding="utf-8", newline="") as target,
    ):
        write = _writer(target, width)
        taken = _Taken(iter(source))
        records = csv.reader(taken, delimiter=delimiter, skipinitialspace=True, strict=True)
        next(records)
        while True:
            taken.text.clear()
            start = taken.number + 1
            record, broken = [], None
            try:
                record = next(records)
            except StopIteration:
                return
            except csv.Error as error:
                broken = f"broken quoting: {error}"
            if not record and not broken:
                continue  # a blank line
            text = "".join(taken.text)
            problem = _unfit(text) or broken or _wrong_width(record, width)
            if problem and taken.number > start:
                problem += f" (lines {start} to {taken.number})"
            write(start, problem, text, record)


def repair_lines(path: Path, clean: Path) -> None:
    """Write the lines of a text file, ended by LF or CR LF; blank ones are left out.

    Args:
        path: the file.
        clean: the file to write.

    """
    with (
        path.open(encoding="utf-8-sig", errors="surrogateescape", newline="\n") as source,
        clean.open("w", encoding="utf-8", newline="") as target,
    ):
        write = _writer(target, 1)
        for number, line in enumerate(source, start=1):
            text = line.rstrip("\r\n")
            if text.strip():
                write(number, _unfit(text), text, [text])


def _writer(target: IO[str], width: int) -> Callable[[int, str | None, str, list[str]], None]:
    """Return what writes a row of a clean copy: line, problem, text of the row, values."""
    writer = csv.writer(target, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([*COLUMNS, *range(width)])

    def write(line: int, problem: str | None, text: str, values: list[str]) -> None:
        if problem is None:
            writer.writerow([line, "", "", *values])
        else:
            writer.writerow([line, problem, _shown(text), *[""] * width])

    return write


def _unfit(text: str) -> str | None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:  # what errors="surrogateescape" let through
        return "not UTF-8"
    return f"longer than {_MAX_BYTES:,} bytes" if size > _MAX_BYTES else None


def _wrong_width(record: list[str], width: int) -> str | None:
    if len(record) == width:
        return None
    return f"{len(record)} values where the header has {width} columns"


def _shown(text: str) -> str:
    readable = text.rstrip("\r\n").encode(errors="surrogateescape").decode(errors="replace")
    if len(readable) <= _MAX_SHOWN:
        return readable
    return f"{readable[:_MAX_SHOWN]} … and {len(readable) - _MAX_SHOWN:,} characters more"
