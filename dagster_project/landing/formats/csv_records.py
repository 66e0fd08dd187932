"""Reads the records of a CSV file, each with its line, its text and its problem."""

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
    """The dialect of a CSV file."""

    delimiter: str = ","
    quote: str = '"'
    """'' if values are never quoted."""
    backslash: bool = False
    """Whether a backslash escapes quotes in quoted values, instead of a doubled quote."""
    padded: bool = False
    """Whether blanks after each delimiter are not part of the value."""
    header_line: int = 1
    """The header's line. Lines before the header are not part of the table."""
    header: tuple[str, ...] = ()

    def named(self, header_line: int, header: tuple[str, ...]) -> Dialect:
        """Return the dialect with a header."""
        return replace(self, header_line=header_line, header=header)


@dataclass(frozen=True)
class Record:
    """One record of the file."""

    line: int
    """The first line of the record; the first line of the file is 1."""
    text: str
    values: list[str]
    problem: str | None
    """Why the values are unreliable, or None."""


class _TooLongError(Exception):
    """A line exceeds the limit; the rest of the line has been skipped."""


class _Lines:
    """The lines of a file; keeps the lines of the current record."""

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
    """Read the header and the records after it, without blank lines.

    Args:
        handle: the text from its start, opened without translation of line ends.
        dialect: the dialect.
        encoding: the encoding of the file, for the problem of a record.

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
"""Takes a record's text and values; returns why the values are unreliable, or None."""


def _escapes(dialect: Dialect) -> _Doubt:
    """Find stray quotes and backslashes, which `csv.reader` ignores."""
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
    """Find a quote after a blank in a dialect without padding."""
    quote = dialect.quote
    after_blank = re.compile(f"(?:^|{re.escape(dialect.delimiter)}) +{quote}", re.MULTILINE)

    def doubt(text: str, values: list[str]) -> str | None:
        if dialect.padded or not quote or not after_blank.search(text):
            return None
        is_bare = any(
            value.startswith(" ") and value.lstrip(" ").startswith(quote) for value in values
        )
        return "broken quoting: a blank before a quote" if is_bare else None

    return doubt
