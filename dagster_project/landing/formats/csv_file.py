"""A CSV file, looked at from its first byte to its last: its encoding and how it is written."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.formats import csv_dialect
from dagster_project.landing.formats.encoding import UTF_8, encoding_of
from dagster_project.landing.formats.packing import open_unpacked
from dagster_project.landing.formats.text import open_text

if TYPE_CHECKING:
    from pathlib import Path

    from dagster_project.home.source_settings import SourceSettings
    from dagster_project.landing.formats.csv_records import Dialect

_SAMPLE_CHARACTERS = 1 << 18
_BLOCK_BYTES = 1 << 20
_OVERLAP_BYTES = 8


@dataclass(frozen=True)
class CsvFile:
    """How a CSV file is to be read."""

    path: Path
    encoding: str
    """Python's name of it; `encoding.UTF_8` is the usual one."""
    dialect: Dialect
    names: list[str]
    """The columns; one without a name is called by its place."""
    lines: int | None
    """How many lines there are, if DuckDB can read the file as it stands; None if it cannot."""
    quote_is_told: bool = False
    """Whether the source says what values are quoted by."""


def look_at(path: Path, source: SourceSettings) -> CsvFile:
    """Tell how a CSV file is to be read.

    Args:
        path: the file, packed or not; all of it is read.
        source: what is declared of it.

    Raises:
        FileRejectedError: something of it is not certain, or the header is none.

    """
    encoding = encoding_of(path, source.encoding)
    try:
        with open_text(path, encoding) as handle:
            sample = handle.read(_SAMPLE_CHARACTERS)
        cut = len(sample) == _SAMPLE_CHARACTERS
        dialect = _detect_in(sample, source, encoding, cut=cut)
        lines, odd, more = _survey(path, dialect, _sample_features(sample, dialect))
        if more and cut:
            # The head is not like the rest.
            delimiters = (
                csv_dialect.DELIMITERS if len(dialect.header) == 1 else (dialect.delimiter,)
            )
            dialect = csv_dialect.detect(
                lambda: open_text(path, encoding),
                source,
                encoding,
                cut=False,
                delimiters=delimiters,
            )
    except UnicodeDecodeError as error:
        raise FileRejectedError(
            f"the file is damaged: it is {error.encoding}, but not all of it"
        ) from error
    usual = dialect.header_line == 1 and not dialect.backslash and not dialect.padded
    plain = encoding == UTF_8 and usual and not odd
    return CsvFile(
        path,
        encoding,
        dialect,
        _names(dialect),
        lines if plain else None,
        quote_is_told=source.quote != "detect",
    )


def _detect_in(sample: str, source: SourceSettings, encoding: str, *, cut: bool) -> Dialect:
    found: set[str] = set()
    present = [each for each in csv_dialect.DELIMITERS if each in sample]
    for delimiter in present if source.delimiter == "detect" else [source.delimiter]:
        found |= csv_dialect.features(sample.encode("utf-8", "surrogateescape"), delimiter)
    return csv_dialect.detect(
        lambda: io.StringIO(sample, newline=""),
        source,
        encoding,
        cut=cut,
        delimiters=present or csv_dialect.DELIMITERS[:1],
        found=found,
    )


def _sample_features(sample: str, dialect: Dialect) -> set[str]:
    delimiter = dialect.delimiter if len(dialect.header) > 1 else None
    # DuckDB reads a quoted value with blanks around it as the value in the quotes, as is meant.
    return {"padded"} | csv_dialect.features(sample.encode("utf-8", "surrogateescape"), delimiter)


def _survey(path: Path, dialect: Dialect, known: set[str]) -> tuple[int, bool, bool]:
    """Read all of the file.

    Returns:
        How many lines it has; whether there is something in it that DuckDB reads in another way
        than `records`; whether there are features that are not `known`.

    """
    delimiter = dialect.delimiter if len(dialect.header) > 1 else None
    lines, odd, more, tail = 0, False, False, b"\n"
    with open_unpacked(path) as handle:
        while block := handle.read(_BLOCK_BYTES):
            lines += block.count(b"\n")
            both = tail + block
            odd = odd or b"\0" in block or (b"\r" in both and _has_lone_return(both))
            more = more or bool(csv_dialect.features(both, delimiter, known))
            tail = both[-_OVERLAP_BYTES:]
    return lines + (not tail.endswith(b"\n")), odd or tail.endswith(b"\r"), more


def _has_lone_return(block: bytes) -> bool:
    # One at the very end is looked at again with what follows.
    return block.count(b"\r", 0, -1) != block.count(b"\r\n")


def _names(dialect: Dialect) -> list[str]:
    names = [cell.strip() or f"column{place}" for place, cell in enumerate(dialect.header, start=1)]
    folded = [name.casefold() for name in names]
    twice = sorted({name for name in folded if folded.count(name) > 1})
    if twice:
        raise FileRejectedError("the header names a column twice", ", ".join(twice))
    return names
