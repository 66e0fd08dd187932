"""Excel workbooks (.xlsx, ECMA-376): the cells of one sheet, each as the text that it shows.

Read from the XML, since what a number is depends on its format: 123 shown as 00123 is an id with
leading zeros, 45352 shown as a date is a date; readers of values alone lose that.
"""

from __future__ import annotations

import re
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.records import unfit
from dagster_project.landing.repair import clean_copy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO
    from xml.etree.ElementTree import Element

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_CELL = re.compile(r"([A-Z]{1,3})([1-9][0-9]*)")
# Formats that are built in (18.8.30): dates, times, both; and what may stand in a format's code.
_DATES, _TIMES, _BOTH = range(14, 18), (18, 19, 20, 21, 45, 46, 47), (22,)
_LITERALS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|AM/PM|A/P', re.IGNORECASE)
_PADDED = re.compile(r"0{2,}")
_MAX_COLUMNS = 16_384


@dataclass(frozen=True)
class _Format:
    """How a cell shows its number."""

    date: bool = False
    time: bool = False
    digits: int = 0
    """At least so many, with zeros before; 0: as many as there are."""
    unclear: bool = False
    """It puts zeros or other text around the number in a way that is not followed here."""


_PLAIN = _Format()


def write_sheet(
    path: Path, clean: Path, sheet: str, header_line: int | None
) -> tuple[list[str], int]:
    """Write a sheet's rows as a clean copy.

    Args:
        path: the workbook.
        clean: the file to write; the line of a row is its number in the sheet.
        sheet: the sheet's name, or "detect": the only one that is not empty.
        header_line: which row has the names of the columns; None: the first that is not blank.

    Returns:
        The columns' names, and how many rows there are after them.

    Raises:
        FileRejectedError: the file is no workbook or damaged; which sheet, or what its header is,
            is not certain.

    """
    with _workbook(path) as archive:
        book = _Book(archive)
        rows = _numbered(book.rows(_part(book, sheet)), header_line)
        number, cells = next(rows, (0, []))
        header = _header(number, cells)
        with clean_copy(clean, len(header)) as copy:
            for line, row in rows:
                text = "\t".join(cell.text for cell in row)
                problem = next((cell.problem for cell in row if cell.problem), None)
                values = [cell.text for cell in row]
                if problem is None and any(values[len(header) :]):
                    problem = f"{len(values)} values where the header has {len(header)} columns"
                values = (values + [""] * len(header))[: len(header)]
                copy.add(line, unfit(text) or problem, text, values)
        return header, copy.rows


@dataclass(frozen=True)
class _Cell:
    text: str = ""
    problem: str | None = None


@contextmanager
def _workbook(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, KeyError, ET.ParseError, ValueError, EOFError) as error:
        raise FileRejectedError(
            "the Excel workbook is damaged or no .xlsx: save it again in Excel", str(error)
        ) from error


class _Book:
    """A workbook's sheets, texts and formats."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - expat limits entities
        links = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
        targets = {link.get("Id"): link.get("Target", "") for link in links}
        self.sheets: dict[str, str] = {}
        for element in book.iter():
            if _tag(element) == "sheet":
                rel = next((v for k, v in element.attrib.items() if k.endswith("}id")), None)
                target = targets.get(rel, "")
                part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
                self.sheets[element.get("name", "")] = part
        properties = next((each for each in book.iter() if _tag(each) == "workbookPr"), None)
        is_1904 = properties is not None and properties.get("date1904") in ("1", "true")
        # Excel counts a 29 February 1900 that was not: right from March 1900 on.
        self._epoch = datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30)  # noqa: DTZ001
        self._texts = self._shared_texts()
        self._formats = self._cell_formats()

    def rows(self, part: str) -> Iterator[tuple[int, list[_Cell]]]:
        """Give the rows of a sheet with their numbers; rows without cells are left out."""
        with self._archive.open(part) as handle:
            number = 0
            for row in _each(handle, "row"):
                number = int(row.get("r", number + 1))
                cells: list[_Cell] = []
                for element in row:
                    if _tag(element) != "c":
                        continue
                    place = _column(element.get("r"), len(cells))
                    cells += [_Cell()] * (place - len(cells))
                    cells.append(self._cell(element))
                if cells:
                    yield number, cells

    def is_empty(self, part: str) -> bool:
        """Whether no cell of a sheet has a text."""
        return not any(cell.text for _, cells in self.rows(part) for cell in cells)

    def _cell(self, element: Element) -> _Cell:
        kind = element.get("t", "n")
        if kind == "inlineStr":
            return _Cell(_text_of(element))
        value = next((each.text or "" for each in element if _tag(each) == "v"), "")
        if kind == "s":
            return _Cell(self._texts[int(value)] if value else "")
        if kind == "b":
            return _Cell({"0": "false", "1": "true"}.get(value, value))
        if kind == "e":
            return _Cell(value, f"the cell {element.get('r', '')} has an error instead of a value")
        if kind != "n" or not value:
            return _Cell(_unescaped(value))
        shown = self._formats[int(element.get("s", "0"))] if self._formats else _PLAIN
        if shown.unclear:
            return _Cell(
                value,
                f"the cell {element.get('r', '')} is a number whose format adds zeros or text; "
                "format it as text in Excel",
            )
        return _Cell(self._number(value, shown))

    def _number(self, value: str, shown: _Format) -> str:
        number = float(value)
        if shown.date or shown.time:
            return self._moment(number, shown)
        # The shortest text that is the same number: Excel writes 1.1 as 1.1000000000000001.
        text = str(int(number)) if number.is_integer() and abs(number) < 1e21 else repr(number)
        return text.zfill(shown.digits + text.startswith("-")) if shown.digits else text

    def _moment(self, number: float, shown: _Format) -> str:
        milliseconds = timedelta(milliseconds=round(number * 86_400_000))
        if not shown.date and number >= 0:
            seconds, rest = divmod(milliseconds, timedelta(seconds=1))
            clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
            return clock + (f".{rest // timedelta(milliseconds=1):03}" if rest else "")
        moment = self._epoch + milliseconds
        if not shown.time and not moment.time().replace(tzinfo=None).isoformat().strip("0:."):
            return moment.date().isoformat()
        return moment.isoformat(
            sep=" ", timespec="milliseconds" if moment.microsecond else "seconds"
        )

    def _shared_texts(self) -> list[str]:
        if "xl/sharedStrings.xml" not in self._archive.namelist():
            return []
        with self._archive.open("xl/sharedStrings.xml") as handle:
            return [_text_of(element) for element in _each(handle, "si")]

    def _cell_formats(self) -> list[_Format]:
        if "xl/styles.xml" not in self._archive.namelist():
            return []
        styles = ET.fromstring(self._archive.read("xl/styles.xml"))  # noqa: S314
        codes = {
            int(each.get("numFmtId", "0")): each.get("formatCode", "")
            for each in styles.iter()
            if _tag(each) == "numFmt"
        }
        cells = next((each for each in styles if _tag(each) == "cellXfs"), ())
        ids = [int(each.get("numFmtId", "0")) for each in cells]
        return [_format_of_code(codes[each]) if each in codes else _built_in(each) for each in ids]


def _numbered(
    rows: Iterator[tuple[int, list[_Cell]]], header_line: int | None
) -> Iterator[tuple[int, list[_Cell]]]:
    """Leave out blank rows, and those before the header's."""
    for number, cells in rows:
        if (header_line is None or number >= header_line) and any(cell.text for cell in cells):
            yield number, cells


def _header(number: int, cells: list[_Cell]) -> list[str]:
    while cells and not cells[-1].text:
        cells = cells[:-1]
    names = [cell.text.strip() for cell in cells]
    if not names:
        raise FileRejectedError("the sheet is empty")
    folded = [name.casefold() for name in names]
    if not all(names) or len(set(folded)) < len(folded):
        raise FileRejectedError(
            f"row {number} of the sheet may not be its header: it has blank cells or a name twice; "
            "set the source's header_line in sendhouse.toml",
            ", ".join(names),
        )
    return names


def _part(book: _Book, sheet: str) -> str:
    if sheet != "detect":
        if sheet not in book.sheets:
            raise FileRejectedError(
                f"the workbook has no sheet '{sheet}': set the source's sheet in sendhouse.toml",
                ", ".join(book.sheets),
            )
        return book.sheets[sheet]
    filled = [part for part in book.sheets.values() if not book.is_empty(part)]
    if not filled:
        raise FileRejectedError("no sheet of the workbook has a cell with a value")
    if len(filled) > 1:
        raise FileRejectedError(
            f"{len(filled)} sheets of the workbook have rows, and which is meant is not certain: "
            "set the source's sheet in sendhouse.toml to its name",
            ", ".join(book.sheets),
        )
    return filled[0]


def _built_in(number: int) -> _Format:
    is_date, is_time = number in (*_DATES, *_BOTH), number in (*_TIMES, *_BOTH)
    return _Format(is_date, is_time)


def _format_of_code(code: str) -> _Format:
    """Read a format's code (18.8.31), of which the first section is of positive numbers."""
    section = code.split(";")[0]
    bare = _LITERALS.sub("", section).lower()
    if bare.strip() in ("general", "@", ""):
        return _Format(unclear=bare.strip() == "" and section != "")
    if re.search(r"[ymdhs]", bare):
        has_clock = bool(re.search(r"[hs]", bare))
        has_date = bool(re.search(r"[yd]", bare)) or not has_clock
        return _Format(date=has_date, time=has_clock)
    if _PADDED.fullmatch(section.strip()):
        return _Format(digits=len(section.strip()))
    integer = bare.split(".")[0].split("e")[0]
    return _Format(unclear=bool(re.search(r"0[^0#?]*0", integer)))


def _each(handle: IO[bytes], tag: str) -> Iterator[Element]:
    """Give the elements of a tag one after the other, keeping none."""
    parents: list[Element] = []
    for event, element in ET.iterparse(handle, ("start", "end")):  # noqa: S314
        if event == "start":
            parents.append(element)
            continue
        parents.pop()
        if _tag(element) == tag:
            yield element
            if parents:
                parents[-1].remove(element)


def _text_of(element: Element) -> str:
    """Join the runs of a rich text; how it is pronounced (rPh) is left out."""
    pieces: list[str] = []
    for each in element:
        if _tag(each) == "t":
            pieces.append(each.text or "")
        elif _tag(each) in ("r", "is"):
            pieces.append(_text_of(each))
    return "".join(pieces) if _tag(element) == "r" else _unescaped("".join(pieces))


def _unescaped(text: str) -> str:
    """Undo how characters that XML cannot hold are written (ST_Xstring, 22.9.2.19)."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _column(reference: str | None, following: int) -> int:
    found = _CELL.fullmatch(reference) if reference else None
    if found is None:
        return following
    place = 0
    for letter in found[1]:
        place = place * 26 + ord(letter) - 64
    if place > _MAX_COLUMNS or place <= following:
        raise ValueError("cells are out of order")
    return place - 1


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]
