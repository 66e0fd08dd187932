"""Reads the records of a CSV file, each with its line, its text and its problem."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple, cast, overload

from dagster_project.landing.formats.footer import split_footer
from dagster_project.landing.formats.text import MAX_BYTES, skip_line, unfit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO


_BLOCK_CHARACTERS = 1 << 18


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


class Record(NamedTuple):
    """One record of the file."""

    line: int
    """The first line of the record; the first line of the file is 1."""
    text: str
    values: list[str]
    problem: str | None
    """Why the values are unreliable, or None."""


class WholeLines(NamedTuple):
    """Consecutive lines that are records without doubt; see `whole_lines`."""

    line: int
    """The first line."""
    lines: list[str]
    """The lines without their ends."""


class _TooLongError(Exception):
    """A line exceeds the limit; the rest of the line has been skipped."""


class _Lines:
    """The lines of a file; keeps the lines of the current record."""

    def __init__(self, handle: TextIO, skipped: int) -> None:
        self._handle = handle
        self._block = ""
        self._lines = io.StringIO()
        """The block; its position is the place of the next line."""
        self._is_cut = False
        """Whether the last line of the block is too long, and goes on after the block."""
        self.number = skipped
        """The number of the last taken line."""
        self.text: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def _fill(self) -> None:
        """Read the next block, up to the end of a line, if all lines of the last one are taken."""
        if self._lines.tell() < len(self._block):
            return
        block, tail = self._handle.read(_BLOCK_CHARACTERS), self._handle.readline(MAX_BYTES)
        self._is_cut = len(tail) == MAX_BYTES and not tail.endswith("\n")
        self._block = block + tail
        self._lines = io.StringIO(self._block, newline="")

    def take_whole(self, whole: re.Pattern[str], encoding: str) -> list[str]:
        """Take the next lines, as long as they match `whole_lines`; without their ends."""
        self._fill()
        start = self._lines.tell()
        # In a longer block, a line may be too long.
        is_short = len(self._block) - start < MAX_BYTES
        found = whole.match(self._block, start) if is_short else None
        if found is None:
            return []
        lines = found[0].replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]
        end = found.end()
        if not found[0].isascii():
            fit = list(takewhile(lambda line: unfit(line, encoding) is None, lines))
            if len(fit) < len(lines):
                for _ in fit:
                    self._lines.readline()
                end, lines = self._lines.tell(), fit
        self._lines.seek(end)
        self.number += len(lines)
        return lines

    def __next__(self) -> str:
        self._fill()
        line = self._lines.readline(MAX_BYTES)
        if not line:
            raise StopIteration
        self.number += 1
        self.text.append(line)
        if len(line) == MAX_BYTES and not line.endswith("\n"):
            skip_line(self._lines, ("\n", "\r"))
            if self._is_cut and self._lines.tell() == len(self._block):
                skip_line(self._handle, ("\n", "\r"))
            raise _TooLongError
        return line


def whole_lines(dialect: Dialect, width: int) -> re.Pattern[str] | None:
    """Write the pattern of lines that are one record of `width` values in every reading (RFC 4180).

    None if the dialect or the width has no such pattern.
    """
    if dialect.backslash or dialect.padded or not dialect.quote or width < 2:
        return None
    delimiter, quote = re.escape(dialect.delimiter), dialect.quote
    bare = rf"[^{delimiter}{quote}\r\n\0]*+"
    value = rf"(?:{bare}|{quote}(?:[^{quote}\r\n\0]|{quote}{quote})*+{quote})"
    return re.compile(rf"(?:{value}(?:{delimiter}{value}){{{width - 1}}}(?:\r\n?+|\n))++")


def read_records(handle: TextIO, dialect: Dialect, encoding: str) -> Iterator[Record]:
    """Read the header and the records after it, without blank lines.

    Args:
        handle: the text from its start, opened without translation of line ends.
        dialect: the dialect.
        encoding: the encoding of the file, for the problem of a record.

    """
    return cast("Iterator[Record]", _read(handle, dialect, encoding, None))


def read_whole_lines(
    handle: TextIO, dialect: Dialect, encoding: str
) -> Iterator[Record | WholeLines]:
    """Read like `read_records`, but do not split lines that are records without doubt.

    This is ten times faster for a file with few doubtful records. Blanks around a quoted value are
    no problem here. The header is a `Record`.
    """
    return _read(handle, dialect, encoding, whole_lines(dialect, len(dialect.header)))


def _read(
    handle: TextIO, dialect: Dialect, encoding: str, whole: re.Pattern[str] | None
) -> Iterator[Record | WholeLines]:
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
    doubts = _doubts(dialect)
    padded = None if whole is None else _padded_values(dialect)
    is_header = True
    while True:
        while not is_header and whole and (taken := lines.take_whole(whole, encoding)):
            yield WholeLines(lines.number - len(taken) + 1, taken)
        is_header = False
        lines.text.clear()
        start = lines.number + 1
        values, too_long, broken = [], None, None
        try:
            values = next(reader)
        except StopIteration:
            return
        except _TooLongError:
            too_long = f"longer than {MAX_BYTES:,} bytes"
        except csv.Error as error:
            broken = f"broken quoting: {error}"
        if not values and not too_long and not broken:
            continue  # a blank line
        text = "".join(lines.text)
        problem = unfit(text, encoding) or too_long
        if problem is None:
            reasons = (doubt(text, values) for doubt in doubts)
            problem = broken or next(filter(None, reasons), None)
            if problem and padded and (loose := padded(text)):
                values, problem = loose, None
        if problem and lines.number > start:
            problem += f" (lines {start} to {lines.number})"
        yield Record(start, text, values, problem)


_Doubt = Callable[[str, list[str]], str | None]
"""Takes a record's text and values; returns why the values are unreliable, or None."""


def _doubts(dialect: Dialect) -> list[_Doubt]:
    if not dialect.quote:
        return []
    return [_escapes(dialect) if dialect.backslash else _blanks(dialect), _lost_delimiter(dialect)]


def _padded_values(dialect: Dialect) -> Callable[[str], list[str] | None]:
    """Return a function that reads a line in which blanks surround quoted values, as DuckDB does.

    The function returns None if the line has another problem.
    """
    delimiter, quote = re.escape(dialect.delimiter), dialect.quote
    quoted = rf"(?: *{quote}((?:[^{quote}]|{quote}{quote})*+){quote} *)"
    value = re.compile(rf"(?:{quoted}|([^{delimiter}{quote}\r\n]*+))({delimiter}|[\r\n]*$)")

    def values(text: str) -> list[str] | None:
        if len(text.splitlines()) != 1:
            return None
        found, place = [], 0
        while part := value.match(text, place):
            found.append(part[2] if part[1] is None else part[1].replace(quote * 2, quote))
            place = part.end()
            if part[3] != dialect.delimiter:
                return found
        return None

    return values


def inner_quote(delimiter: str, quote: str) -> str:
    """Write the pattern of a quote with text on both sides. No quoted value contains one."""
    others = rf"[^{re.escape(delimiter)}{quote}\r\n]"
    # The quote comes first: a search for one character is fast.
    return rf"{quote}(?<={others}{quote})(?={others})"


def _lost_delimiter(dialect: Dialect) -> _Doubt:
    """Find a quoted value after text: `Bob"big, loud"` has as many values as `Bob,"big, loud"`."""
    delimiter, quote = re.escape(dialect.delimiter), dialect.quote
    opened = re.compile(
        rf"[^{delimiter}{quote}\r\n ] *{quote}(?![{delimiter}{quote}\r\n])"
        rf"((?:[^{quote}]|{quote}{quote})*+){quote} *(?=[{delimiter}\r\n]|$)"
    )

    def doubt(text: str, values: list[str]) -> str | None:
        del values
        if any(found[1].count(dialect.delimiter) == 1 for found in opened.finditer(text)):
            return "broken quoting: a delimiter may be missing before a quote"
        return None

    return doubt


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


def line_by_line(records: Iterable[Record | WholeLines]) -> Iterator[Record | WholeLines]:
    """Yield each whole line separately."""
    for record in records:
        if isinstance(record, WholeLines):
            yield from (WholeLines(record.line + n, [line]) for n, line in enumerate(record.lines))
        else:
            yield record


@overload
def split_csv_footer(
    records: Iterable[Record], dialect: Dialect, width: int
) -> Iterator[tuple[Record, bool]]: ...


@overload
def split_csv_footer(
    records: Iterable[Record | WholeLines], dialect: Dialect, width: int
) -> Iterator[tuple[Record | WholeLines, bool]]: ...


def split_csv_footer(
    records: Iterable[Any], dialect: Dialect, width: int
) -> Iterator[tuple[Any, bool]]:
    """Yield each record after the header, and whether it is part of a report's footer.

    Args:
        records: records, or whole lines one by one.
        dialect: the dialect of the file.
        width: the number of columns.

    """

    def values_of(record: Record | WholeLines) -> list[str]:
        if isinstance(record, Record):
            return record.values
        parts = record.lines[0].split(dialect.delimiter)
        return [part.strip(dialect.quote) for part in parts] if dialect.quote else parts

    def lines_of(record: Record | WholeLines) -> tuple[int, int]:
        if isinstance(record, WholeLines):
            return record.line, record.line
        return record.line, record.line + max(len(record.text.splitlines()), 1) - 1

    return split_footer(records, values_of, lines_of, width)
