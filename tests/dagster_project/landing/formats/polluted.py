"""Pollutes a clean CSV file in one place at a time, after the kinds of the Pollock benchmark.

Pollock (Vitagliano et al., VLDB 2023) pollutes one table of 9 columns and 84 rows in 2,290 ways.
The table and the code here are our own. Run the module to read every polluted file, and to print
the number of wrong, refused and right files.
"""

from __future__ import annotations

import csv
import io
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.landing.errors import FileRejectedError
from tests.dagster_project.landing.reading import read

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = ["id", "email", "name", "company", "note", "amount", "created", "url", "comment"]
ROWS = 84
WIDTH = len(HEADER)


@dataclass(frozen=True)
class Polluted:
    """A polluted file: its bytes, and the rows of the clean table."""

    name: str
    content: bytes
    clean: list[list[str]]


def table(rows: int = ROWS) -> list[list[str]]:
    """Make the clean table: some cells are empty, and some need quotes."""
    dice = random.Random(13)
    made = []
    for number in range(1, rows + 1):
        company = dice.choice(["Northwind", "Big, Small & Sons", "O'Brien", 'The "Inn"', ""])
        note = dice.choice(["small, neat", "likes 'Rock' music", 'said "yes", twice', "plain", ""])
        made.append(
            [
                str(number),
                f"person{number}@example.com",
                dice.choice(["Ann Lee", "Bob", "Cy Young", "D'Arcy"]),
                company,
                note,
                f"{dice.randint(1, 99)}.50",
                f"2026-01-{1 + number % 28:02}",
                f"https://example.com/p/{number}",
                "" if number % 9 else "call back, please",
            ]
        )
    return made


def pollute(step: int = 1) -> Iterator[Polluted]:
    """Yield the polluted files; of the kinds that pollute one cell, every `step`th row."""
    clean = table()
    lines = [write([row]) for row in clean]
    header = write([HEADER])
    for place, row in enumerate(clean):
        kinds = [_rows(row)] if place % step == 0 else []
        kinds += [_lines(row)] if place in (0, 1, 49, ROWS - 1) else []
        for what, line in chain.from_iterable(kinds):
            text = header + "".join([*lines[:place], line, *lines[place + 1 :]])
            yield Polluted(f"{what}_row{place + 1}", text.encode(), clean)
    for what, content in _files(header, lines, clean):
        yield Polluted(what, content, clean)


def write(rows: list[list[str]], **dialect: str | int) -> str:
    """Write rows as CSV."""
    target = io.StringIO()
    csv.writer(target, lineterminator="\n", **dialect).writerows(rows)  # type: ignore[arg-type]
    return target.getvalue()


def _cell(value: str) -> str:
    return write([[value, ""]])[:-2]


def _quoted(value: str) -> str:
    return write([[value]], quoting=csv.QUOTE_ALL)[:-1]


def _rows(row: list[str]) -> Iterator[tuple[str, str]]:
    cells = [_cell(value) for value in row]
    join = ",".join
    for column in range(WIDTH):
        before, cell, after = cells[:column], cells[column], cells[column + 1 :]
        yield f"more_separators_{column}", join([*before, cell, "", *after]) + "\n"
        if after:
            yield f"less_separators_{column}", join([*before, cell + after[0], *after[1:]]) + "\n"
        half = len(cell) // 2
        yield (
            f"extra_quote_{column}",
            join([*before, cell[:half] + '"' + cell[half:], *after]) + "\n",
        )


def _lines(row: list[str]) -> Iterator[tuple[str, str]]:
    """Pollute a whole row."""
    cells = [_cell(value) for value in row]
    join = ",".join
    yield "empty_value_at_end", join([*cells, ""]) + "\n"
    yield "delimiter_of_a_row", ";".join(cells) + "\n"
    yield "quote_of_a_row", write([row], quotechar="'")
    yield "escape_of_a_row", write([row], doublequote=0, escapechar="\\")
    yield "fields_5", join(cells[:5]) + "\n"
    yield "fields_15", join([*cells, *"abcdef"]) + "\n"
    yield "line_end_of_a_row", join(cells) + "\r\n"
    yield "return_in_a_row", join(cells) + "\r"
    yield "lost_quote_at_end", join(cells)[::-1].replace('"', "", 1)[::-1] + "\n"
    yield "lost_quote_at_start", join(cells).replace('"', "", 1) + "\n"
    yield "lost_line_end", join(cells)
    yield "header_again", write([HEADER]) + join(cells) + "\n"
    yield "header_again_upper", write([[name.upper() for name in HEADER]]) + join(cells) + "\n"


def _files(header: str, lines: list[str], clean: list[list[str]]) -> Iterator[tuple[str, bytes]]:
    body, both = "".join(lines), header + "".join(lines)
    pad, every = "," * (WIDTH - 1), [HEADER, *clean]
    yield "clean", both.encode()
    for encoding in ("utf-16", "utf-32", "latin-1", "utf-8-sig"):
        yield f"encoding_{encoding}", both.encode(encoding)
    yield "no_header", body.encode()
    yield "no_final_line_end", both.rstrip("\n").encode()
    yield "two_final_line_ends", (both + "\n").encode()
    for lead in ("Report", "Contacts of March", "made by Ann"):
        yield f"title_{lead}", f"{lead}\n{both}".encode()
        yield f"title_padded_{lead}", f"{lead}{pad}\n{both}".encode()
        yield f"title_blank_{lead}", f"{lead}\n\n{both}".encode()
        yield f"title_padded_blank_{lead}", f"{lead}{pad}\n{pad}\n{both}".encode()
        yield f"titles_padded_{lead}", (f"{lead}{pad}\n" * 3 + f"{pad}\n{both}").encode()
        yield f"titles_{lead}", (f"{lead}\n" * 3 + both).encode()
        yield f"foot_{lead}", f"{both}{lead}\n".encode()
        yield f"foot_padded_{lead}", f"{both}{lead}{pad}\n".encode()
        yield f"foot_blank_{lead}", f"{both}\n{lead}\n".encode()
        yield f"foot_padded_blank_{lead}", f"{both}{pad}\n{lead}{pad}\n".encode()
    for end in ("\r", "\r\n", "\n\r", "\x1e"):
        yield f"line_end_{end!r}", both.replace("\n", end).encode()
    for mark in ";|\t: ^~":
        yield f"delimiter_{mark!r}", write(every, delimiter=mark).encode()
    for marks in ("\t\t", ", ", "||", ",,"):
        with_one = write(every, delimiter="\x02", quoting=csv.QUOTE_ALL)
        yield f"delimiter_{marks!r}", with_one.replace("\x02", marks).encode()
    yield "quote_'", write(every, quotechar="'").encode()
    yield "quote_all", write(every, quoting=csv.QUOTE_ALL).encode()
    yield "quote_all_'", write(every, quotechar="'", quoting=csv.QUOTE_ALL).encode()
    quoted = [[_quoted(cell) for cell in row] for row in every]
    yield "quote_blank", "".join(" ,".join(row) + "\n" for row in quoted).encode()
    yield "escape_backslash", write(every, doublequote=0, escapechar="\\").encode()
    yield "header_of_2_rows", (pad.join(["", "\n"]) + both).encode()
    for column in (0, 3, WIDTH - 1):
        named = [*HEADER]
        named[column] = "HEADER"
        below = [""] * WIDTH
        below[column] = HEADER[column]
        yield f"header_on_2_rows_{column}", (write([named, below]) + body).encode()
        blank = [*HEADER]
        blank[column] = ""
        yield f"header_blank_{column}", (write([blank]) + body).encode()
        blank[column] = HEADER[column - 1]
        yield f"header_twice_{column}", (write([blank]) + body).encode()
        blank[column] = "HEADER" * 20_000
        yield f"header_long_{column}", (write([blank]) + body).encode()
    for width in (6, 12):
        other = [[f"o{n}"] * width for n in range(10)]
        yield f"table_below_{width}", (both + write(other)).encode()
        yield f"table_below_blank_{width}", (both + "\n" + write(other)).encode()


def is_wrong(polluted: Polluted, scratch: Path) -> bool | None:
    """Read the file. None: refused. True: a row is wrong or lost without a word."""
    path = scratch / "a.csv"
    path.write_bytes(polluted.content)
    try:
        found = read(path, scratch / "scratch")
    except FileRejectedError:
        return None
    expected = Counter(map(tuple, polluted.clean))
    landed = Counter(map(tuple, found.rows))
    # A stray quote that is part of a landed value is what the file says.
    bare = Counter(tuple(cell.replace('"', "") for cell in row) for row in expected.elements())
    rows = Counter(tuple(cell.replace('"', "") for cell in row) for row in landed.elements())
    rows.pop(("",) * WIDTH, None)  # landing skips a blank row
    lost = (bare - rows).total()
    return bool(rows - bare) or (lost > 0 and not found.rejects)


def main(step: int = 1) -> None:
    """Print how many polluted files are wrong, refused and right."""
    counts: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    refused: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        for polluted in pollute(step):
            verdict = is_wrong(polluted, Path(scratch))
            counts["refused" if verdict is None else "wrong" if verdict else "right"] += 1
            if verdict:
                wrong[polluted.name.rsplit("_row", 1)[0]] += 1
            if verdict is None:
                refused.append(polluted.name)
    sys.stdout.write(
        f"{counts.total()}: {dict(counts)}\nwrong: {dict(wrong)}\nrefused: {refused}\n"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
