"""Text files: opened in Python, or read by DuckDB's CSV reader without detection."""

from __future__ import annotations

import glob
import io
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.formats.packing import open_unpacked, packing_of
from senders.fact_limits import LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

    from dagster_project.home.sql import Parameters

MAX_BYTES = LINE_BYTES
"""A longer record or line is rejected."""

_BLOCK_BYTES = 1 << 20


def open_text(path: Path, encoding: str, newline: str = "") -> TextIO:
    """Open a text file, packed or not; bytes outside the encoding become surrogates."""
    wide = encoding.startswith(("utf-16", "utf-32"))
    return io.TextIOWrapper(
        open_unpacked(path),
        encoding=encoding,
        errors="strict" if wide else "surrogateescape",
        newline=newline,
    )


@contextmanager
def rejecting_damaged_text() -> Iterator[None]:
    """Reject the file if a part of the text is not in its encoding.

    Raises:
        FileRejectedError: in place of a UnicodeDecodeError.

    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise FileRejectedError(
            f"the file is damaged: a part of it is not {error.encoding}"
        ) from error


def skip_line(handle: TextIO, ends: tuple[str, ...]) -> None:
    """Skip the rest of the line in bounded memory."""
    while (piece := handle.readline(MAX_BYTES)) and not piece.endswith(ends):
        pass


def unfit(text: str, encoding: str = "utf-8") -> str | None:
    """Explain why a text cannot land (encoding, length, NUL bytes); None if the text is fine."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:  # a surrogate, see open_text
        return f"not {'UTF-8' if encoding.startswith('utf-8') else encoding}"
    if size > MAX_BYTES:
        return f"longer than {MAX_BYTES:,} bytes"
    return "contains a NUL byte" if "\0" in text else None


def read_csv(
    parameters: Parameters, path: Path, columns: Sequence[str], delimiter: str, quote: str = '"'
) -> str:
    """Write the DuckDB call that reads a CSV file with a header and exactly these columns.

    Args:
        parameters: the parameters of the statement.
        path: the file, packed or not.
        columns: the column names in SQL.
        delimiter: the delimiter.
        quote: the quote character, doubled inside quoted values; '' for none.

    """
    # Detection is off: on broken rows the sniffer picks another delimiter or skips lines.
    # Strict mode is on: the lenient reader drops surplus values. The strict reader drops a surplus
    # value that is null, so only NUL is null: an empty value is '', and NUL is in no such file.
    return f"""read_csv(
        {parameters.bind(glob.escape(str(path)))},
        columns = {parameters.bind(dict.fromkeys(columns, "VARCHAR"))},
        delim = {parameters.bind(delimiter)}, compression = {parameters.bind(packing_of(path))},
        quote = {parameters.bind(quote)}, escape = {parameters.bind(quote)},
        header = true, auto_detect = false, strict_mode = true,
        nullstr = chr(0))"""


def read_lines(parameters: Parameters, path: Path) -> str:
    """Write the DuckDB call that reads whole lines as `_json`; the file may be packed."""
    # The delimiter is a control character, which JSON text cannot contain (RFC 8259).
    return f"""read_csv(
        {parameters.bind(glob.escape(str(path)))},
        columns = {{'_json': 'VARCHAR'}},
        delim = '\x1f', quote = '', escape = '', compression = {parameters.bind(packing_of(path))},
        header = false, auto_detect = false, strict_mode = true)"""


def count_lines(path: Path) -> int:
    """Count the lines of a file, packed or not; the last line may lack its line end."""
    lines, last = 0, b"\n"
    with open_unpacked(path) as handle:
        while block := handle.read(_BLOCK_BYTES):
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + (last != b"\n")
