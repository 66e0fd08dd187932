"""Inspects a whole CSV file: its encoding and its dialect."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster_project.landing.formats import csv_dialect
from dagster_project.landing.formats.csv_records import inner_quote
from dagster_project.landing.formats.encoding import UTF_8, encoding_of
from dagster_project.landing.formats.footer import may_have_footer
from dagster_project.landing.formats.header import unique_names
from dagster_project.landing.formats.packing import open_unpacked
from dagster_project.landing.formats.text import open_text, rejecting_damaged_text

if TYPE_CHECKING:
    from pathlib import Path

    from dagster_project.home.source_settings import SourceSettings
    from dagster_project.landing.formats.csv_records import Dialect

_SAMPLE_CHARACTERS = 1 << 18
_BLOCK_BYTES = 1 << 20
_OVERLAP_BYTES = 8
_FOOTER_BYTES = 2048


@dataclass(frozen=True)
class CsvFile:
    """How to read a CSV file."""

    path: Path
    encoding: str
    """Python's name of the encoding, usually `encoding.UTF_8`."""
    dialect: Dialect
    names: list[str]
    """The column names; a column without a name is called `column<number>`."""
    again: dict[str, list[str]]
    """The further columns of a name that occurs again; see `header.unique_names`."""
    lines: int | None
    """The number of lines if DuckDB can read the file directly, else None."""
    quote_is_declared: bool = False
    """Whether the source declares the quote character."""
    may_have_footer: bool = False
    """Whether the file may end with a report's footer."""


def inspect(path: Path, source: SourceSettings) -> CsvFile:
    """Determine how to read a CSV file.

    Args:
        path: the file, packed or not; the function reads the whole file.
        source: the declared settings.

    Raises:
        FileRejectedError: the encoding or the dialect is uncertain, or the header is invalid.

    """
    encoding = encoding_of(path, source.encoding)
    with rejecting_damaged_text():
        with open_text(path, encoding) as handle:
            sample = handle.read(_SAMPLE_CHARACTERS)
        cut = len(sample) == _SAMPLE_CHARACTERS
        dialect = _detect_in(sample, source, encoding, cut=cut)
        lines, odd, more, end = _survey(path, dialect, _sample_features(sample, dialect))
        if more and cut:
            # The rest of the file has features that the sample lacks.
            delimiters = (
                csv_dialect.DELIMITERS if len(dialect.header) == 1 else (dialect.delimiter,)
            )
            dialect = csv_dialect.detect(
                lambda: open_text(path, encoding),
                source,
                encoding,
                cut=False,
                delimiters=delimiters,
                may_have_footer=may_have_footer(end),
            )
    usual = dialect.header_line == 1 and not dialect.backslash and not dialect.padded
    plain = encoding == UTF_8 and usual and not odd and not may_have_footer(end)
    return CsvFile(
        path,
        encoding,
        dialect,
        *_names(dialect),
        lines if plain else None,
        quote_is_declared=source.quote != "detect",
        may_have_footer=may_have_footer(end),
    )


def _detect_in(sample: str, source: SourceSettings, encoding: str, *, cut: bool) -> Dialect:
    present = [each for each in csv_dialect.DELIMITERS if each in sample]
    content = sample.encode("utf-8", "surrogateescape")
    return csv_dialect.detect(
        lambda: io.StringIO(sample, newline=""),
        source,
        encoding,
        cut=cut,
        delimiters=present or csv_dialect.DELIMITERS[:1],
        found=lambda delimiter: csv_dialect.features(content, delimiter),
        may_have_footer=not cut and may_have_footer(content[-_FOOTER_BYTES:]),
    )


def _sample_features(sample: str, dialect: Dialect) -> set[str]:
    delimiter = dialect.delimiter if len(dialect.header) > 1 else None
    # DuckDB ignores blanks around a quoted value, as intended.
    return {"padded"} | csv_dialect.features(sample.encode("utf-8", "surrogateescape"), delimiter)


def _survey(path: Path, dialect: Dialect, known: set[str]) -> tuple[int, bool, bool, bytes]:
    """Read the whole file.

    Returns:
        The number of lines; whether DuckDB would read some bytes differently from
        `csv_records`; whether the file has features that are not `known`; the last bytes.

    """
    delimiter = dialect.delimiter if len(dialect.header) > 1 else None
    lines, quotes, odd, more, tail, both = 0, 0, False, False, b"\n", b""
    inner = dialect.quote and re.compile(inner_quote(dialect.delimiter, dialect.quote).encode())
    with open_unpacked(path) as handle:
        while block := handle.read(_BLOCK_BYTES):
            lines += block.count(b"\n")
            quotes += block.count(dialect.quote.encode()) if dialect.quote else 0
            both = tail + block
            odd = odd or b"\0" in block or (b"\r" in both and _has_lone_return(both))
            odd = odd or bool(inner and inner.search(both))
            more = more or bool(csv_dialect.features(both, delimiter, known))
            tail = both[-_OVERLAP_BYTES:]
    # Quotes come in pairs: else one of them is a stray quote, or a part of a bare value.
    odd = odd or tail.endswith(b"\r") or quotes % 2 == 1
    return lines + (not tail.endswith(b"\n")), odd, more, both[-_FOOTER_BYTES:]


def _has_lone_return(block: bytes) -> bool:
    # A return at the very end is checked again with the next block.
    return block.count(b"\r", 0, -1) != block.count(b"\r\n")


def _names(dialect: Dialect) -> tuple[list[str], dict[str, list[str]]]:
    return unique_names(
        [cell.strip() or f"column{place}" for place, cell in enumerate(dialect.header, start=1)]
    )
