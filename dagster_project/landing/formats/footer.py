"""Finds the footer of a report: totals, copyright and the like after the last record.

Salesforce ends each report with a blank record, the report's name, a copyright notice and the user
who made the report. A footer is certain if the last records of the file have one value each, and
one of them says what only a footer says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_T = TypeVar("_T")


MAX_RECORDS = 30
"""The longest footer."""
_SAYS_FOOTER = re.compile(
    r"^\W*(copyright|\(c\) ?\d{4}|©|confidential|all rights reserved|generated (by|on|at)\b"
    r"|exported (by|on|from)\b|report (generated|created|run|exported|name|as of)"
    r"|run (by|on)\b.*\d|printed on|end of (report|file)|filtered by|as of \d"
    r"|(grand|sub) ?totals?|total records|total rows|record count|rows? exported"
    r"|urheberrecht|vertraulich|alle rechte vorbehalten|erstellt (von|am)|generiert (von|am)"
    r"|gesamtsummen?|gesamtsumme|tous droits réservés|généré (par|le)|totaux? général"
    r"|todos los derechos reservados|generado por|totales? general|informazioni riservate"
    r"|tutti i diritti riservati|generato da|gegenereerd door|alle rechten voorbehouden"
    r"|todos os direitos reservados|gerado por)"
    r"|all rights reserved|do not distribute",
    re.IGNORECASE,
)
_TOTALS = re.compile(
    r"^\W*((grand|sub)[- ]?totals?|totals?|gesamtsummen?|summe|total général)\b", re.IGNORECASE
)
_SIGNS = re.compile(
    rb"copyright|\xc2\xa9|confidential|generated|exported|report|rights reserved|grand total"
    rb"|total records|record count|vertraulich|erstellt|gesamtsumme|g\xc3\xa9n\xc3\xa9r|generad"
    rb"|generat|gegenereerd|gerado|riservat|reservad|end of|filtered by|printed on",
    re.IGNORECASE,
)


def may_have_footer(end: bytes) -> bool:
    """Whether the last bytes of a file, in any encoding, have words of a footer."""
    return _SIGNS.search(end.replace(b"\0", b"")) is not None


def split_footer(
    records: Iterable[_T],
    values_of: Callable[[_T], Sequence[str]],
    lines_of: Callable[[_T], tuple[int, int]],
    width: int,
) -> Iterator[tuple[_T, bool]]:
    """Yield each record, and whether it is part of the footer.

    Args:
        records: the records after the header.
        values_of: the values of a record.
        lines_of: the first and the last line of a record.
        width: the number of columns.

    """
    kept: list[tuple[_T, Sequence[str], bool]] = []
    """The last records, their values, and whether blank lines precede each."""
    before: _T | None = None
    for record in records:
        values = values_of(record)
        if not _may_be_footer(values, width):
            for each, _, _ in kept:
                yield each, False
            kept.clear()
            yield record, False
        else:
            is_apart = before is not None and lines_of(record)[0] > lines_of(before)[1] + 1
            kept.append((record, values, is_apart))
            if len(kept) > MAX_RECORDS:
                yield kept.pop(0)[0], False
        before = record
    start = _start([(values, is_apart) for _, values, is_apart in kept], width)
    for number, (record, _, _) in enumerate(kept):
        yield record, number >= start


def _may_be_footer(values: Sequence[str], width: int) -> bool:
    filled = 0
    for value in values:
        if value and not value.isspace():
            filled += 1
            if filled > 1:
                return _TOTALS.match(values[0]) is not None
    return width > 1


def _start(rows: Sequence[tuple[Sequence[str], bool]], width: int) -> int:
    """Return the first row of the footer; the number of rows if there is none."""
    texts = [next((value for value in values if value.strip()), "") for values, _ in rows]
    sign = next((row for row, text in enumerate(texts) if _SAYS_FOOTER.search(text)), None)
    if sign is None:
        return len(rows)
    # The report's name is part of the footer, if something blank separates it from the records.
    for row in range(sign, -1, -1):
        values, is_apart = rows[row]
        if not texts[row] or is_apart:
            return row
        if row < sign and len(values) == width:
            break  # a record with one value
    return sign
