"""Text files as DuckDB's CSV reader takes them: told every detail, guessing nothing."""

from __future__ import annotations

import glob
import io
from typing import TYPE_CHECKING

from dagster_project.landing.formats.packing import open_unpacked, packing_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import TextIO

    from dagster_project.home.sql import Parameters

MAX_BYTES = 1_000_000
"""A record or line of more bytes is rejected: nothing needs more of memory than that."""

_BLOCK_BYTES = 1 << 20


def open_text(path: Path, encoding: str, newline: str = "") -> TextIO:
    """Open a text file, packed or not; bytes that are not of its encoding become surrogates."""
    wide = encoding.startswith(("utf-16", "utf-32"))
    return io.TextIOWrapper(
        open_unpacked(path),
        encoding=encoding,
        errors="strict" if wide else "surrogateescape",
        newline=newline,
    )


def skip_line(handle: TextIO, ends: tuple[str, ...]) -> None:
    """Read on to the end of the line, keeping nothing of it."""
    while (piece := handle.readline(MAX_BYTES)) and not piece.endswith(ends):
        pass


def unfit(text: str, encoding: str = "utf-8") -> str | None:
    """Say why a text cannot be landed: not of its encoding, NUL bytes, too long; None if it can."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:  # a surrogate, see open_text
        return f"not {'UTF-8' if encoding.startswith('utf-8') else encoding}"
    if size > MAX_BYTES:
        return f"longer than {MAX_BYTES:,} bytes"
    return "there is a NUL byte in it" if "\0" in text else None


def read_csv(
    parameters: Parameters, path: Path, columns: Sequence[str], delimiter: str, quote: str = '"'
) -> str:
    """Write the call that reads a CSV file of exactly these columns, header first.

    Args:
        parameters: of the statement.
        path: the file, packed or not.
        columns: what to call its columns.
        delimiter: what separates values.
        quote: what is around quoted values, and doubled in them; '' for nothing.

    """
    # Detection is off: on a file with broken rows the sniffer finds another delimiter, or skips
    # lines. Strict: a lenient reader drops what is too much in a row.
    return f"""read_csv(
        {parameters.bind(glob.escape(str(path)))},
        columns = {parameters.bind(dict.fromkeys(columns, "VARCHAR"))},
        delim = {parameters.bind(delimiter)}, compression = {parameters.bind(packing_of(path))},
        quote = {parameters.bind(quote)}, escape = {parameters.bind(quote)},
        header = true, auto_detect = false, strict_mode = true)"""


def read_lines(parameters: Parameters, path: Path) -> str:
    """Write the call that reads a file's lines, whole, as `_json`; it may be packed."""
    # No quote, and a delimiter that cannot be in JSON text (RFC 8259: no control characters).
    return f"""read_csv(
        {parameters.bind(glob.escape(str(path)))},
        columns = {{'_json': 'VARCHAR'}},
        delim = '\x1f', quote = '', escape = '', compression = {parameters.bind(packing_of(path))},
        header = false, auto_detect = false, strict_mode = true)"""


def count_lines(path: Path) -> int:
    """Count the lines of a file, packed or not; the last one with or without its end."""
    lines, last = 0, b"\n"
    with open_unpacked(path) as handle:
        while block := handle.read(_BLOCK_BYTES):
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + (last != b"\n")
