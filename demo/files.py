"""Write files like a careful exporter: a file is complete when its name appears."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


def write_file(path: Path, content: str) -> None:
    """Write text as UTF-8 under a temporary name, then rename: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.tmp")
    unfinished.write_text(content, encoding="utf-8", newline="")
    unfinished.replace(path)


def json_line(row: Mapping[str, Any]) -> str:
    """Format a row of a JSONL file, without its line end."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines (JSONL)."""
    write_file(path, "".join(f"{line}\n" for line in lines))


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV file for spreadsheets: with a byte-order mark and CRLF (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    write_file(path, "\ufeff" + text.getvalue())
