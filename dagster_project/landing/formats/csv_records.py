"""The records of a CSV file, each with its line, its text and what is wrong with it."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dagster_project.landing.formats.text import MAX_BYTES, skip_line, unfit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written."""

    delimiter: str = ","
    quote: str = '"'
    """'' where nothing is quoted."""
    backslash: bool = False
    """Whether quotes in quoted values are escaped by a backslash, not doubled."""
    padded: bool = False
    """Whether blanks follow each delimiter and belong to no value."""
    header_line: int = 1
    """Lines before it are no part of the table."""
    header: tuple[str, ...] = ()

    def named(self, header_line: int, header: tuple[str, ...]) -> Dialect:
        """The same, with where its header is and what it says."""
        return replace(self, header_line=header_line, header=header)


@dataclass(frozen=True)
class Record:
    """One record, as it stands in the file."""

    line: int
    """Its first line, the file's first being 1."""
    text: str
    values: list[str]
    problem: str | None
    """Why its values cannot be trusted, or None."""


class _TooLongError(Exception):
    """A line is longer than any may be; the rest of it has been skipped."""


class _Lines:
    """The lines of a file, with those kept that the current record took."""

    def __init__(self, handle: TextIO, skipped: int) -> None:
        self._handle = handle
        self.number = skipped
        self.text: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._handle.readline(MAX_BYTES)
        if not line:
            raise StopIteration
        self.number += 1
        self.text.append(line)
        if len(line) == MAX_BYTES and not line.endswith("\n"):
            skip_line(self._handle, ("\n", "\r"))
            raise _TooLongError
        return line


def read_records(handle: TextIO, dialect: Dialect, encoding: str) -> Iterator[Record]:
    """Read the records from the header's line on, the header included; blank lines are left out.

    Args:
        handle: the text from its start, opened with no translation of line ends.
        dialect: how it is written.
        encoding: what it was decoded from, for what is said of a record.

    """
    for _ in range(dialect.header_line - 1):
        skip_line(handle, ("\n", "\r"))
    lines = _Lines(handle, dialect.header_line - 1)
    reader = csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        doublequote=not dialect.backslash,
        escapechar="\\" if dialect.backslash else None,
        skipinitialspace=dialect.padded,
        strict=True,
    )
    doubt = _escapes(dialect) if dialect.backslash else _blanks(dialect)
    while True:
        lines.text.clear()
        start = lines.number + 1
        values, broken = [], None
        try:
            values = next(reader)
        except StopIteration:
            return
        except _TooLongError:
            broken = f"longer than {MAX_BYTES:,} bytes"
        except csv.Error as error:
            broken = f"broken quoting: {error}"
        if not values and not broken:
            continue  # a blank line
        text = "".join(lines.text)
        problem = unfit(text, encoding) or broken
        if problem is None:
            problem = doubt(text, values)
        if problem and lines.number > start:
            problem += f" (lines {start} to {lines.number})"
        yield Record(start, text, values, problem)


_Doubt = Callable[[str, list[str]], str | None]
"""From a record's text and values to why they cannot be trusted, though they were read."""


def _escapes(dialect: Dialect) -> _Doubt:
    """Find quotes and backslashes that mean nothing, which the reader passes over."""
    delimiter, quote = re.escape(dialect.delimiter), dialect.quote
    escape = rf"\\[\\\r\n{delimiter}{quote}]"
    blanks = " *" if dialect.padded else ""
    quoted = rf"{quote}(?:[^{quote}\\]|{escape})*{quote}"
    bare = rf"(?!{quote})(?:[^{delimiter}\\\r\n]|{escape})*"
    value = f"{blanks}(?:{quoted}|{bare})"
    whole = re.compile(rf"{value}(?:{delimiter}{value})*[\r\n]*")

    def doubt(text: str, values: list[str]) -> str | None:
        del values
        return None if whole.fullmatch(text) else "broken quoting: a stray quote or backslash"

    return doubt


def _blanks(dialect: Dialect) -> _Doubt:
    """Find quotes that stand after a blank, where no blanks belong."""
    quote = dialect.quote
    after_blank = re.compile(f"(?:^|{re.escape(dialect.delimiter)}) +{quote}", re.MULTILINE)

    def doubt(text: str, values: list[str]) -> str | None:
        if dialect.padded or not quote or not after_blank.search(text):
            return None
        is_one = any(
            value.startswith(" ") and value.lstrip(" ").startswith(quote) for value in values
        )
        return "broken quoting: a blank before a quote" if is_one else None

    return doubt
