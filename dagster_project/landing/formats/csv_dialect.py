"""Detects the dialect of a CSV file by reading a sample in every possible way.

A way fits if the header has two columns or more, and half of the records have as many values. The
dialect is certain if all ways that fit give the same records. A single column is certain if the
file contains no possible delimiter. An uncertain dialect rejects the file.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.formats.csv_records import (
    Dialect,
    Record,
    read_records,
    split_csv_footer,
)
from dagster_project.landing.formats.header import HEAD_ROWS, VALUE, rival_header, titles

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from typing import TextIO

    from dagster_project.home.source_settings import SourceSettings

_DELIMITERS = (",", ";", "\t", "|", "^", "~", "\x01", "\x1f")
# Too rare to be accepted undeclared, but their presence makes a single column uncertain.
_DOUBTFUL_DELIMITERS = (" ", ":", "/", "#")
DELIMITERS = _DELIMITERS + _DOUBTFUL_DELIMITERS
"""The delimiters to try if none is declared."""
_NAMES = {"\t": "tab", "\x01": "\\x01", "\x1f": "\\x1f", " ": "blank", "": "none"}
_HEAD_CHARACTERS = 1 << 16
_ESCAPE = re.compile(rb"\\[\\\"',;\t|\r\n]")
_MAX_PREAMBLE = 50
_NONE_FITS = "no delimiter gives the header and most records the same number of values"
_PARTLY_PADDED = "only some delimiters are followed by a blank"
_OTHER_QUOTE = "the column names have another quote"
_REMEDIES = {
    _PARTLY_PADDED: 'quote to "none" (quotes are then part of the values)',
    _OTHER_QUOTE: "quote",
}
"""The setting that ends a doubt about the only dialect that fits."""
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


@dataclass
class _Way:
    """The result of one way to read the file."""

    dialect: Dialect
    columns: int = 0
    records: int = 0
    """The number of records after the header."""
    fitting: int = 0
    """The number of records without a problem and with as many values as the header."""
    content: int = 0
    """A hash of all values; two ways with the same hash give the same values."""
    widest: int = 0
    """The largest number of values in a record after the header."""
    doubt: str | None = None
    """Why the way is uncertain, even if it fits."""

    @property
    def fits(self) -> bool:
        return self.columns > 1 and self.fitting * 2 >= self.records

    @property
    def is_table(self) -> bool:
        """Whether the file contains this delimiter and the delimiter is a usual one."""
        widest = max(self.columns, self.widest)
        return widest > 1 and self.dialect.delimiter not in _DOUBTFUL_DELIMITERS

    @property
    def result(self) -> tuple[int, tuple[str, ...]]:
        return self.content, self.dialect.header

    def __str__(self) -> str:
        quote = f" with quote {self.dialect.quote}" if self.dialect.quote != '"' else ""
        escape = " escaped by backslash" if self.dialect.backslash else ""
        return (
            f"'{_name(self.dialect.delimiter)}'{quote}{escape} gives {self.columns} columns in "
            f"line {self.dialect.header_line} and as many in {self.fitting:,} of {self.records:,} "
            "records"
        )


def features(block: bytes, delimiter: str | None, known: Collection[str] = ()) -> set[str]:
    """Find the features in a piece of a file that may indicate another dialect.

    Args:
        block: a part of the file's bytes.
        delimiter: the delimiter; None for a single column.
        known: features to skip.

    """
    if delimiter is None:
        return {each for each in _DELIMITERS if each not in known and each.encode() in block}
    found: set[str] = set()
    if "backslash" not in known and b"\\" in block and _ESCAPE.search(block):
        found.add("backslash")
    mark = delimiter.encode()
    for quote in ("'", '"'):
        byte = quote.encode()
        if byte not in block:
            continue
        starts = (mark + byte, b"\n" + byte, b"\r" + byte)
        if quote not in known and (block[:1] == byte or any(each in block for each in starts)):
            found.add(quote)
        if "padded" not in known and mark + b" " + byte in block:
            found.add("padded")
    return found


def detect(
    open_sample: Callable[[], TextIO],
    source: SourceSettings,
    encoding: str,
    *,
    cut: bool,
    delimiters: Iterable[str] = DELIMITERS,
    found: Callable[[str], Collection[str]] = lambda _: ("'", "padded", "backslash"),
    may_have_footer: bool = False,
) -> Dialect:
    """Detect the dialect of a CSV file.

    Args:
        open_sample: opens the text or a sample of the text.
        source: the declared settings; a key that is not "detect" is used unchanged.
        encoding: the encoding of the file.
        cut: whether the last record of the sample may be incomplete.
        delimiters: the delimiters to try, the usual ones first.
        found: the `features` of the sample by delimiter; each is another way to try.
        may_have_footer: whether the text may end with a report's footer, which is no record.

    Returns:
        The dialect, including the header.

    Raises:
        FileRejectedError: the dialect is uncertain. The message names the tried dialects, the
            closest dialect, and the setting that decides.

    """
    with open_sample() as handle:
        separator = _SEPARATOR_LINE.fullmatch(handle.readline(_HEAD_CHARACTERS))
    header_line = source.header_line or (2 if separator else None)
    if source.delimiter != "detect":
        delimiters = (source.delimiter,)
    elif separator:
        delimiters = (separator[1],)
    declared = source.delimiter != "detect" or separator is not None
    ways: list[_Way] = []
    for delimiter in delimiters:
        if delimiter in _DOUBTFUL_DELIMITERS and not declared and any(way.fits for way in ways):
            continue  # a usual delimiter that fits is preferred; see `_choose`
        for dialect in _quotings(source, delimiter, found(delimiter)):
            with open_sample() as handle:
                ways.append(
                    _read(
                        handle,
                        dialect,
                        encoding,
                        header_line,
                        cut=cut,
                        may_have_footer=may_have_footer,
                    )
                )
    return _choose(ways, declared=declared)


def _quotings(source: SourceSettings, delimiter: str, found: Collection[str]) -> list[Dialect]:
    """List the quoting variants that may give other records, the usual variant first."""
    quotes = ['"', "'"] if "'" in found else ['"']
    if source.quote != "detect":
        quotes = ["" if source.quote == "none" else source.quote]
    escapes = [False, True] if "backslash" in found else [False]
    if source.escape != "detect":
        escapes = [source.escape == "backslash"]
    paddings = [False, True] if "padded" in found and delimiter != " " else [False]
    return [
        Dialect(delimiter, quote, backslash, padded)
        for quote in quotes
        for backslash in (escapes if quote else [False])
        for padded in (paddings if quote else [False])
    ]


def _read(
    handle: TextIO,
    dialect: Dialect,
    encoding: str,
    header_line: int | None,
    *,
    cut: bool,
    may_have_footer: bool,
) -> _Way:
    way = _Way(dialect.named(header_line or 1, ()))
    records = _uncut(read_records(handle, way.dialect, encoding), cut=cut)
    head = list(islice(records, HEAD_ROWS))
    if not head:
        way.doubt = "the file has no record"
        return way
    place = 0 if header_line else _header_place(head)
    header = head[place]
    way.dialect = dialect.named(header.line, tuple(header.values))
    way.columns = len(header.values)
    after = chain(head[place + 1 :], records)
    if may_have_footer:
        split = split_csv_footer(after, way.dialect, way.columns)
        after = (record for record, is_footer in split if not is_footer)
    for record in after:
        way.records += 1
        way.widest = max(way.widest, len(record.values))
        way.fitting += record.problem is None and len(record.values) == way.columns
        way.content = hash((way.content, tuple(record.values)))
    if header.problem:
        way.doubt = f"the header in line {header.line} cannot be read: {header.problem}"
    elif dialect.padded and not _is_padded(head, dialect):
        way.doubt = _PARTLY_PADDED
    elif dialect.quote and any(map(_quoted_otherwise(dialect).fullmatch, header.values)):
        way.doubt = _OTHER_QUOTE
    elif not header_line:
        way.doubt = _doubt_header(head, place)
    return way


def _uncut(records: Iterator[Record], *, cut: bool) -> Iterator[Record]:
    """Omit the last record if it may be incomplete; always return the first record."""
    if not cut:
        yield from records
        return
    last = next(records, None)
    for record in records:
        if last is not None:
            yield last
        last = record


def _quoted_otherwise(dialect: Dialect) -> re.Pattern[str]:
    other = "'" if dialect.quote == '"' else '"'
    return re.compile(f"{other}.*{other}", re.DOTALL)


def _header_place(head: list[Record]) -> int:
    """Find the header: the first record below a title, or of the usual, larger width."""
    rows = [(record.line, record.values) for record in head]
    first, widths = len(head[0].values), Counter(len(values) for _, values in rows[1:])
    if first > 1 or not widths:
        return titles(rows)
    usual = max(widths, key=lambda width: (widths[width], width))
    if usual < 2 or widths[usual] * 2 < len(head):
        return 0
    return next(place for place, (_, values) in enumerate(rows) if len(values) == usual)


def _doubt_header(head: list[Record], place: int) -> str | None:
    """Explain why the record may not be the header; None if it is the header."""
    header, rows = head[place].values, [record.values for record in head[place + 1 :]]
    line = head[place].line
    if rival := rival_header([(record.line, record.values) for record in head[place:]]):
        return f"the header may be line {line} or line {rival}"
    has_value = any(map(VALUE.fullmatch, header))
    contrast = any(
        name.strip()
        and not VALUE.fullmatch(name)
        and (values := [row[column] for row in rows if column < len(row) and row[column].strip()])
        and all(map(VALUE.fullmatch, values))
        for column, name in enumerate(header)
    )
    if has_value and not contrast:
        return f"line {line} looks like values, not like column names"
    before = head[place - 1]
    is_next = before.line + 1 == line and any(map(str.strip, before.values))
    if place and is_next and not contrast:
        return f"the header may be line {line} or line {head[0].line}"
    if place > _MAX_PREAMBLE:
        return f"line {line} may be the header, but {place} records precede it"
    blank = [not name.strip() for name in header]
    if all(blank[1::2]) and len(blank) % 2 and len(blank) > 1 and not any(blank[::2]):
        return f"line {line} names only every other column; the delimiter may be doubled"
    if any(blank) and rows and len(rows[0]) == len(header):
        after = rows[0]
        if all(cell.strip() and not VALUE.fullmatch(cell) for cell in after):
            return f"the header may be line {line} or line {head[place + 1].line}"
    return None


def _is_padded(head: Iterable[Record], dialect: Dialect) -> bool:
    """Whether a blank follows every delimiter outside quotes."""
    bare = re.compile(f"{dialect.quote}[^{dialect.quote}]*{dialect.quote}")
    unpadded = re.compile(f"{re.escape(dialect.delimiter)}[^ \r\n]")
    return not any(unpadded.search(bare.sub("", record.text)) for record in head)


def _choose(ways: list[_Way], *, declared: bool) -> Dialect:
    if declared:
        fitting = [way for way in ways if way.columns and way.fitting * 2 >= way.records]
    else:
        fitting = [way for way in ways if way.fits]
    usual = [way for way in fitting if way.dialect.delimiter not in _DOUBTFUL_DELIMITERS]
    if declared or usual:
        fitting = fitting if declared else usual
    elif not fitting and not any(way.is_table for way in ways):
        fitting = [way for way in ways if way.columns][:1]  # one column
    if not fitting:
        closest = max(ways, key=lambda way: (way.is_table, way.columns > 1, way.fitting))
        why = closest.doubt if closest.doubt and not closest.records else _NONE_FITS
        raise _uncertain(why, ways, closest)
    most = max(way.fitting for way in fitting)
    perfect = [way for way in fitting if way.fitting == way.records]
    best = perfect or [way for way in fitting if way.fitting == most]
    certain = [way for way in best if way.doubt is None]
    if not certain:
        raise _uncertain(best[0].doubt or _NONE_FITS, ways, best[0])
    chosen = certain[0]
    if not declared and chosen.dialect.delimiter in _DOUBTFUL_DELIMITERS:
        raise _uncertain("the file may have one column or several", ways, chosen)
    if any(way.result != chosen.result for way in certain):
        raise _uncertain("more than one dialect fits", ways, chosen)
    return chosen.dialect


def _uncertain(why: str, ways: list[_Way], closest: _Way) -> FileRejectedError:
    shown = [way for way in ways if way.is_table]
    shown = shown or [way for way in ways if max(way.columns, way.widest) > 1]
    tried = "; ".join(map(str, shown)) or "every usual delimiter; the file contains none"
    key = "delimiter or header_line" if why == _NONE_FITS else "delimiter"
    rivals = {way.dialect.delimiter for way in ways if way.fits}
    if why == closest.doubt:
        key = _REMEDIES.get(why, "header_line")
    elif why != _NONE_FITS and len(rivals) == 1 and rivals.isdisjoint(_DOUBTFUL_DELIMITERS):
        key = "quote or escape"
    return FileRejectedError(
        f"uncertain CSV dialect: {why}. Tried: {tried}. Closest: "
        f"'{_name(closest.dialect.delimiter)}'. Set the source's {key} in sendhouse.toml"
    )


def _name(delimiter: str) -> str:
    return _NAMES.get(delimiter, delimiter)
