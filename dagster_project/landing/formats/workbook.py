"""Excel workbooks (.xlsx, ECMA-376): the cells of one sheet, each as the text that Excel shows.

openpyxl reads the workbook. The meaning of a number depends on its format: 123 shown as 00123 is
an id with leading zeros; 45352 shown as a date is a date.
"""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import chain, islice
from typing import TYPE_CHECKING, cast

from defusedxml.ElementTree import iterparse
from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.utils.escape import unescape
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS

from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.formats.footer import split_footer
from dagster_project.landing.formats.header import HEAD_ROWS, rival_header, titles
from dagster_project.landing.formats.repair import CleanCopy, clean_copy
from dagster_project.landing.formats.text import unfit

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path
    from typing import IO

    from openpyxl.cell.read_only import ReadOnlyCell

    from dagster_project.landing.formats.repair import CleanCopy

# The errors that zipfile, the XML parsers and openpyxl raise because of a file's content.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    SyntaxError,  # of XML
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,  # a part with encryption or packing that zipfile does not support
)
_STRING, _DATA, _ROW, _CELL, _FORMULA, _VALUE = (
    f"{{{SHEET_MAIN_NS}}}{name}" for name in ("si", "sheetData", "row", "c", "f", "v")
)
# Parts of a number format (18.8.31) that are neither digits nor parts of a date or time.
_LITERALS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|AM/PM|A/P', re.IGNORECASE)
_PADDED = re.compile(r"0{2,}")
_MAX_ROWS, _MAX_COLUMNS = 1_048_576, 16_384


def write_sheet(
    path: Path, clean: Path, sheet: str, header_line: int | None
) -> tuple[list[str], CleanCopy]:
    """Write a sheet's rows as a clean copy.

    Args:
        path: the workbook.
        clean: the file to write; a row's line is its row number in the sheet.
        sheet: the sheet's name, or "detect" for the only sheet that is not empty.
        header_line: the row with the column names; None for the first row that is not blank.

    Returns:
        The column names, and the copy.

    Raises:
        FileRejectedError: the file is damaged or not a workbook; or the sheet or its header is
            uncertain.
        OSError: the disk is too full for the copy.

    """
    with _workbook(path) as book:
        rows = _numbered(book.rows(_name(book, sheet)), header_line)
        if header_line is None:
            rows = _below_title(rows)
        number, cells = next(rows, (0, []))
        header = _header(number, cells)
        with clean_copy(clean, len(header)) as copy:
            for (line, row), is_footer in split_footer(rows, _texts, _lines, len(header)):
                if is_footer:
                    copy.add_footer(line)
                    continue
                text = "\t".join(cell.text for cell in row)
                problem = next((cell.problem for cell in row if cell.problem), None)
                values = [cell.text for cell in row]
                if problem is None and any(values[len(header) :]):
                    problem = (
                        "the number of values differs from the header: "
                        f"{len(values)} instead of {len(header)}"
                    )
                values = (values + [""] * len(header))[: len(header)]
                copy.add(line, unfit(text) or problem, text, values)
        return header, copy


def _texts(row: tuple[int, list[_Cell]]) -> list[str]:
    return [cell.text or cell.problem or "" for cell in row[1]]


def _lines(row: tuple[int, list[_Cell]]) -> tuple[int, int]:
    return row[0], row[0]


@dataclass(frozen=True)
class _Cell:
    text: str = ""
    problem: str | None = None

    @property
    def is_blank(self) -> bool:
        return not self.text and self.problem is None


@contextmanager
def _workbook(path: Path) -> Iterator[_Book]:
    with path.open("rb") as handle, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl's warnings contain cell values
        try:
            yield _Book(handle)
        except _DAMAGED as error:
            raise FileRejectedError(
                "the Excel workbook is damaged or not .xlsx: save it again in Excel",
                str(error.__cause__ or error),  # openpyxl's own message only names the step
            ) from error


class _Reader(ExcelReader):
    """Keeps the escapes in strings, because openpyxl decodes only one kind of escape."""

    def read_strings(self) -> None:
        part = self.package.find(SHARED_STRINGS)
        if part is None:
            return
        with self.archive.open(part.PartName.lstrip("/")) as handle:
            for _, element in iterparse(handle):
                if element.tag == _STRING:
                    text = Text.from_tree(element)
                    self.shared_strings.append(text.content if text else "")
                    element.clear()


class _Book:
    """A workbook's sheets, by name and in order."""

    def __init__(self, handle: IO[bytes]) -> None:
        self._reader = _Reader(handle, read_only=True, data_only=True, keep_links=False)
        try:
            self._reader.read()
        except OSError as error:  # openpyxl's error for an archive without a workbook
            if error.errno is not None:
                raise
            raise ValueError(str(error)) from error
        sheets = self._reader.wb.worksheets
        self.sheets = {sheet.title: sheet for sheet in sheets}
        parts = {sheet.name: link.target for sheet, link in self._reader.parser.find_sheets()}
        if lost := set(parts.values()) - set(self._reader.valid_files):
            raise ValueError(f"the archive lacks {min(lost)}")
        self._parts = {name: parts[name] for name in self.sheets}

    def rows(self, name: str) -> Iterator[tuple[int, list[_Cell]]]:
        """Yield the stored rows of a sheet with their numbers."""
        sheet = self.sheets[name]
        sheet.reset_dimensions()  # the stored size may be wrong
        rows = cast("Iterator[tuple[ReadOnlyCell, ...]]", sheet.iter_rows())
        before = 0
        with self._reader.archive.open(self._parts[name]) as handle:
            for number, unsolved in _outline(handle):
                cells = next(islice(rows, number - before - 1, None))
                before = number
                yield number, [_cell(cell, at in unsolved) for at, cell in enumerate(cells, 1)]

    def is_empty(self, name: str) -> bool:
        """Whether all cells of a sheet are blank."""
        return all(cell.is_blank for _, cells in self.rows(name) for cell in cells)


def _outline(handle: IO[bytes]) -> Iterator[tuple[int, Container[int]]]:
    """Yield each row's number and the columns of its formulas without a value.

    openpyxl returns an empty cell for such a formula, and skips cells that are out of order.
    """
    row = column = 0
    unsolved: set[int] = set()
    data = None
    for event, element in iterparse(handle, ("start", "end")):
        if event == "start" and element.tag == _DATA:
            data = element
        elif event == "start" and element.tag == _ROW:
            before, row, column = row, int(element.get("r", row + 1)), 0
            unsolved = set()
            if not before < row <= _MAX_ROWS:
                raise ValueError(f"row {row} comes after row {before}")
        elif event == "end" and element.tag == _CELL:
            place = element.get("r")
            at = coordinate_to_tuple(place) if place else (row, column + 1)
            if at[0] != row or not column < at[1] <= _MAX_COLUMNS:
                raise ValueError(f"the cell {place} is out of order in row {row}")
            column = at[1]
            is_empty_text = element.get("t") == "str"  # for example =""
            if element.find(_FORMULA) is not None and not is_empty_text:
                unsolved |= set() if element.findtext(_VALUE) else {column}
        elif event == "end" and element.tag == _ROW:
            yield row, unsolved
            if data is not None:
                data.clear()


def _cell(cell: ReadOnlyCell, is_unsolved: bool) -> _Cell:
    if is_unsolved:
        return _Cell(
            "",
            f"a formula has no result: cell {cell.coordinate}; open the workbook in Excel and save "
            "it",
        )
    if cell.data_type == "e":
        return _Cell(str(cell.value), f"a cell contains an error: cell {cell.coordinate}")
    match cell.value:
        case None:
            return _Cell()
        case bool() as truth:
            return _Cell("true" if truth else "false")
        case int() | float() as number:
            text = _number(number, cell)
            reason = "a number format adds zeros or text, or depends on Excel's language"
            remedy = "choose a plain number format, or text, in Excel"
        case date() | time() | timedelta() as moment:
            text = _moment(moment, cell.number_format)
            reason, remedy = "a cell with a date format is not a date", "correct the cell in Excel"
        case written:
            return _Cell(unescape(str(written)))
    if text is None:
        return _Cell(str(cell.value), f"{reason}: cell {cell.coordinate}; {remedy}")
    return _Cell(text)


def _number(value: float, cell: ReadOnlyCell) -> str | None:
    """Write a number unrounded, with the zeros that Excel shows; None if the format is unclear."""
    code = cell.number_format
    # Built-in formats without a code in openpyxl are dates in some languages (18.8.30).
    is_of_a_language = code == "General" and cell.style_array.numFmtId != 0
    if is_of_a_language or _adds_text(code):
        return None
    # The shortest text of the number: Excel stores 1.1 as 1.1000000000000001.
    is_whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1e21)
    text = str(int(value)) if is_whole else repr(value)
    digits = _digits(code)
    if digits and not is_whole:
        return None
    return text.zfill(digits + text.startswith("-")) if digits else text


def _moment(value: date | time | timedelta, code: str) -> str | None:
    """Write a date, a time, both, or a duration; None if a time without a date shows a date."""
    if isinstance(value, timedelta):
        sign = "-" if value < timedelta() else ""
        seconds, rest = divmod(abs(value), timedelta(seconds=1))
        clock = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return clock + (f".{rest // timedelta(milliseconds=1):03}" if rest else "")
    bare = _bare(code)
    has_clock = re.search("[hs]", bare) is not None
    if isinstance(value, time):
        if re.search("[yd]", bare) or ("m" in bare and not has_clock):
            return None
        return value.isoformat("milliseconds" if value.microsecond else "seconds")
    if not isinstance(value, datetime):
        return value.isoformat()
    if not has_clock and value.time() == time():
        return value.date().isoformat()
    return value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")


@cache
def _bare(code: str) -> str:
    """Return a format's first section (positive numbers) without literals."""
    return _LITERALS.sub("", code.split(";")[0]).strip().lower()


def _digits(code: str) -> int:
    """Return the least number of digits, filled with zeros; 0 if the format adds no zeros."""
    section = code.split(";")[0].strip()
    return len(section) if _PADDED.fullmatch(section) else 0


@cache
def _adds_text(code: str) -> bool:
    """Whether the format adds zeros or text in a way that `_number` does not reproduce."""
    bare = _bare(code)
    if bare in ("general", "@", "") or _digits(code):
        return bare == "" and code.split(";")[0] != ""
    integer = bare.split(".")[0].split("e")[0]
    return re.search(r"0[^0#?]*0", integer) is not None


def _numbered(
    rows: Iterator[tuple[int, list[_Cell]]], header_line: int | None
) -> Iterator[tuple[int, list[_Cell]]]:
    """Skip blank rows and the rows before the header."""
    for number, cells in rows:
        is_before = header_line is not None and number < header_line
        if not is_before and not all(cell.is_blank for cell in cells):
            yield number, cells


def _below_title(rows: Iterator[tuple[int, list[_Cell]]]) -> Iterator[tuple[int, list[_Cell]]]:
    """Skip a title: rows of one cell, and a blank row below them.

    Raises:
        FileRejectedError: the first row may be a title or the header.

    """
    first = list(islice(rows, HEAD_ROWS))
    head = [(number, [cell.text for cell in cells]) for number, cells in first]
    place = titles(head)
    if rival := rival_header(head[place:]):
        raise FileRejectedError(
            f"the header may be row {head[place][0]} or row {rival}: set the source's header_line "
            "in sendhouse.toml"
        )
    return chain(first[place:], rows)


def _header(number: int, cells: list[_Cell]) -> list[str]:
    while cells and cells[-1].is_blank:
        cells = cells[:-1]
    names = [cell.text.strip() for cell in cells]
    if not names:
        raise FileRejectedError("the sheet is empty")
    if problem := next((cell.problem for cell in cells if cell.problem), None):
        raise FileRejectedError(
            f"the header in row {number} cannot be read: {problem}", ", ".join(names)
        )
    if not all(names):
        raise FileRejectedError(
            f"row {number} may not be the header: it has blank cells; "
            "set the source's header_line in sendhouse.toml",
            ", ".join(names),
        )
    return names


def _name(book: _Book, sheet: str) -> str:
    if not book.sheets:
        raise FileRejectedError(
            "the workbook has no readable sheet: it may be a 'Strict Open XML' workbook; "
            "save it as 'Excel Workbook (.xlsx)'"
        )
    if sheet != "detect":
        if sheet not in book.sheets:
            raise FileRejectedError(
                f"the workbook has no sheet '{sheet}': set the source's sheet in sendhouse.toml",
                ", ".join(book.sheets),
            )
        return sheet
    filled = [name for name in book.sheets if not book.is_empty(name)]
    if not filled:
        raise FileRejectedError("all sheets of the workbook are empty")
    if len(filled) > 1:
        raise FileRejectedError(
            f"{len(filled)} sheets of the workbook have rows: set the source's sheet in "
            "sendhouse.toml to the name of one sheet",
            ", ".join(book.sheets),
        )
    return filled[0]
