# ruff: noqa: DTZ001 - a cell of a workbook has no time zone
from __future__ import annotations

import zipfile
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import pytest
import xlsxwriter

from dagster_project.landing.errors import FileRejectedError
from tests.dagster_project.landing.reading import read

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, sheets: dict[str, list[list[Any]]], **options: Any) -> Path:
    """A cell is what Excel would have; a pair is a value and its format."""
    with xlsxwriter.Workbook(path, {"strings_to_numbers": False, **options}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    value, style = cell if isinstance(cell, tuple) else (cell, None)
                    shown = book.add_format({"num_format": style}) if style else None
                    if isinstance(value, str) and not value.startswith("="):
                        sheet.write_string(row, column, value, shown)
                    elif value is not None:
                        sheet.write(row, column, value, shown)
    return path


@pytest.fixture
def reading(tmp_path):
    def read_sheets(sheets: dict[str, list[list[Any]]], book=(), **keys):
        path = write(tmp_path / "a.xlsx", sheets, **dict(book))
        return read(path, tmp_path / "scratch", **keys)

    return read_sheets


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("00123", "00123"),
        ("  x ", "  x "),
        ("_x0041_", "_x0041_"),
        ("a\nb", "a\nb"),
        (1, "1"),
        (-2.5, "-2.5"),
        (1.1, "1.1"),
        (1234567890123456, "1234567890123456"),
        (1e21, "1e+21"),
        (True, "true"),
        ((123, "00000"), "00123"),
        ((-7, "000"), "-007"),
        ((0.25, "0%"), "0.25"),
        ((1234.5, "#,##0.00 €"), "1234.5"),
        ((1234.5, '[Red]#,##0.00 "days"'), "1234.5"),
        ((date(2024, 3, 1), "dd/mm/yyyy"), "2024-03-01"),
        ((date(2024, 3, 1), "[$-409]d-mmm-yy;@"), "2024-03-01"),
        ((datetime(2024, 3, 1, 12, 30, 15), "yyyy-mm-dd hh:mm"), "2024-03-01 12:30:15"),
        ((datetime(2024, 3, 1), "d.m.yyyy h:mm"), "2024-03-01 00:00:00"),
        ((datetime(2024, 3, 1, 12, 30, 15, 250_000), "m/d/yy h:mm"), "2024-03-01 12:30:15.250"),
        ((time(12, 30), "h:mm AM/PM"), "12:30:00"),
        ((1.5, "[h]:mm"), "36:00:00"),
    ],
)
def test_a_cell_is_the_text_that_it_shows(reading, cell, text):
    assert reading({"A": [["id", "x"], ["1", cell]]}).rows == [["1", text]]


def test_formulas_are_their_results(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["id", "sum", "text", "truth"])
        sheet.write_string(1, 0, "1")
        sheet.write_formula(1, 1, "=1+1", None, 2)
        sheet.write_formula(1, 2, '="00"&1', None, "001")
        sheet.write_formula(1, 3, "=TRUE()", None, True)
    assert read(path, tmp_path / "s").rows == [["1", "2", "001", "true"]]


def test_dates_of_a_mac_workbook_begin_in_1904(reading):
    found = reading(
        {"A": [["id", "x"], ["1", (date(2024, 3, 1), "yyyy-mm-dd")]]}, book={"date_1904": True}
    )
    assert found.rows == [["1", "2024-03-01"]]


def test_rows_are_numbered_as_in_the_sheet_and_blank_ones_left_out(reading):
    found = reading({"A": [[], ["id", "x"], ["1"], [], ["2", "y"]]})
    assert (found.rows, found.lines) == ([["1", ""], ["2", "y"]], [3, 5])


def test_rows_that_cannot_be_trusted_are_rejected_one_by_one(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate([["id", "x"], ["1", "a"], ["2"], ["3"], ["4", "d", "more"]]):
            sheet.write_row(row, 0, cells)
        sheet.write_formula(2, 1, "=1/0", None, "#DIV/0!")
        sheet.write_number(3, 1, 12, book.add_format({"num_format": "000-000"}))
    found = read(path, tmp_path / "s")
    assert found.rows == [["1", "a"]]
    assert [line for line, _ in found.rejects] == [3, 4, 5]
    assert "B3 has an error" in found.rejects[0][1]
    assert "B4 is a number whose format adds zeros" in found.rejects[1][1]
    assert found.rejects[2][1] == "3 values where the header has 2 columns"


def test_the_only_sheet_with_rows_is_read_or_the_declared_one(reading):
    sheets = {"Notes": [], "People": [["id"], ["1"]], "Old": [[""]]}
    assert reading(sheets).rows == [["1"]]
    sheets["Old"] = [["id"], ["2"]]
    with pytest.raises(FileRejectedError, match=r"2 sheets .* set the source's sheet"):
        reading(sheets)
    assert reading(sheets, sheet="Old").rows == [["2"]]
    with pytest.raises(FileRejectedError, match="no sheet 'New'"):
        reading(sheets, sheet="New")


def test_a_header_that_may_be_none_has_to_be_declared(reading):
    sheets = {"A": [["Contacts", None, "of 2024"], ["id", "x", "y"], ["1", "a", "b"]]}
    with pytest.raises(FileRejectedError, match="header_line"):
        reading(sheets)
    assert reading(sheets, header_line=2).rows == [["1", "a", "b"]]


def test_an_empty_workbook_and_a_damaged_one_are_refused(tmp_path, reading):
    with pytest.raises(FileRejectedError, match="no sheet of the workbook"):
        reading({"A": []})
    whole = (tmp_path / "a.xlsx").read_bytes()
    broken = tmp_path / "b.xlsx"
    broken.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileRejectedError, match="damaged"):
        read(broken, tmp_path / "s")
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    with pytest.raises(FileRejectedError, match=r"no \.xlsx"):
        read(broken, tmp_path / "s")
