"""Finds the header below a title that has as many cells as the table, most of them empty."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD_ROWS = 100
"""The number of rows that may decide which row is the header."""

VALUE = re.compile(
    r"[-+]?[\d.,]*\d%?|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?|[^@\s]+@[^@\s]+\.[^@\s]+"
    r"|true|false",
    re.IGNORECASE,
)
"""A value that is no column name: a number, a date or time, an e-mail address, a boolean."""


def titles(head: Sequence[tuple[int, Sequence[str]]]) -> int:
    """Count the rows before the header: a title, at most one cell a row, and a blank row below it.

    Args:
        head: the first rows (line, cells); blank rows are included, or left out with their lines.

    Returns:
        The place of the header; 0 if the first row may be the header.

    """
    place = _after_title(head)
    if place is None:
        return 0
    is_header = _is_below_blank(head, place) and not _values(head[place][1])
    return place if is_header else 0


def rival_header(head: Sequence[tuple[int, Sequence[str]]]) -> int | None:
    """Return the line of a row that may be the header instead of the first row.

    A first row with a single name may be a title, if the next row with several cells has no value.
    """
    place = _after_title(head)
    if place is None:
        return None
    line, cells = head[place]
    has_blank = any(_is_below_blank(head, below) for below in range(1, place + 1))
    return line if has_blank or not _values(cells) else None


def unique_names(names: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Give a number to a column name that occurs again, in any case: `Reason`, `Reason_2`.

    Args:
        names: the column names in the order of the file.

    Returns:
        The names; and, for each name that occurs again, the names of its other columns.

    """
    taken = {name.casefold() for name in names}
    unique: list[str] = []
    first: dict[str, str] = {}
    again: dict[str, list[str]] = {}
    for name in names:
        folded = name.casefold()
        if folded not in first:
            first[folded] = name
            unique.append(name)
            continue
        others = again.setdefault(first[folded], [])
        number = len(others) + 2
        while f"{folded}_{number}" in taken:
            number += 1
        others.append(f"{name}_{number}")
        taken.add(f"{folded}_{number}")
        unique.append(others[-1])
    return unique, again


def _after_title(head: Sequence[tuple[int, Sequence[str]]]) -> int | None:
    """Find the first row with several filled cells; None if that is the first row."""
    for place, (_, cells) in enumerate(head):
        if _filled(cells) > 1:
            is_title = place > 0 and _filled(head[0][1]) <= 1
            return place if is_title else None
    return None


def _is_below_blank(head: Sequence[tuple[int, Sequence[str]]], place: int) -> bool:
    before, cells = head[place - 1]
    return head[place][0] > before + 1 or not _filled(cells)


def _filled(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if cell.strip())


def _values(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if VALUE.fullmatch(cell))
