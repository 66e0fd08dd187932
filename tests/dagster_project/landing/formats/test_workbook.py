# ruff: noqa: DTZ001 - a cell of a workbook has no time zone
from __future__ import annotations

import zipfile
from datetime import date, datetime, time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import xlsxwriter

from dagster_project.landing.errors import FileRejectedError
from tests.dagster_project.landing.reading import read

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, sheets: dict[str, list[list[Any]]], **options: Any) -> Path:
    """Write a workbook; a cell is a value, or a pair of value and number format."""
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


def edit(path: Path, part: str, old: str, new: str) -> Path:
    """Replace text in a part of a workbook, to imitate a program other than Excel."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[part].decode()
    parts[part] = parts[part].decode().replace(old, new).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


SHEET = "xl/worksheets/sheet1.xml"


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
        ("_x005F_", "_x005F_"),
        ("x005F_", "x005F_"),
        ("a\nb", "a\nb"),
        ("a\x07b", "a\x07b"),
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
        ((datetime(2024, 3, 1, 12, 30), "h:mm"), "2024-03-01 12:30:00"),
        ((1.5, "[h]:mm"), "36:00:00"),
        ((-1.5, "[h]:mm"), "-36:00:00"),
        ((date(2024, 3, 1), "MMM"), "2024-03-01"),
    ],
)
def test_a_cell_lands_as_the_text_that_excel_shows(reading, cell, text):
    assert reading({"A": [["id", "x"], ["1", cell]]}).rows == [["1", text]]


def test_a_formula_lands_as_its_result(tmp_path):
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


def test_rows_have_their_number_in_the_sheet_and_blank_rows_are_skipped(reading):
    found = reading({"A": [[], ["id", "x"], ["1"], [], ["2", "y"]]})
    assert (found.rows, found.lines) == ([["1", ""], ["2", "y"]], [3, 5])


def test_unreliable_rows_are_rejected_one_by_one(tmp_path):
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
    assert found.rejects[0][1] == "a cell contains an error: cell B3"
    assert found.rejects[1][1].startswith("a number format adds zeros or text")
    assert ": cell B4;" in found.rejects[1][1]
    assert found.rejects[2][1] == "the number of values differs from the header: 3 instead of 2"


def test_the_only_filled_sheet_or_the_declared_sheet_is_read(reading):
    sheets = {"Notes": [], "People": [["id"], ["1"]], "Old": [[""]]}
    assert reading(sheets).rows == [["1"]]
    sheets["Old"] = [["id"], ["2"]]
    with pytest.raises(FileRejectedError, match=r"2 sheets .* set the source's sheet"):
        reading(sheets)
    assert reading(sheets, sheet="Old").rows == [["2"]]
    with pytest.raises(FileRejectedError, match="no sheet 'New'"):
        reading(sheets, sheet="New")


def test_an_uncertain_header_must_be_declared(reading):
    sheets = {"A": [["Contacts", None, "of 2024"], ["id", "x", "y"], ["1", "a", "b"]]}
    with pytest.raises(FileRejectedError, match="header_line"):
        reading(sheets)
    assert reading(sheets, header_line=2).rows == [["1", "a", "b"]]


def test_an_empty_workbook_and_a_damaged_one_are_refused(tmp_path, reading):
    with pytest.raises(FileRejectedError, match="all sheets of the workbook are empty"):
        reading({"A": []})
    whole = (tmp_path / "a.xlsx").read_bytes()
    broken = tmp_path / "b.xlsx"
    broken.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileRejectedError, match="damaged"):
        read(broken, tmp_path / "s")
    with zipfile.ZipFile(broken, "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    with pytest.raises(FileRejectedError, match=r"not \.xlsx"):
        read(broken, tmp_path / "s")


def test_a_formula_without_a_result_rejects_its_row(tmp_path):
    book = openpyxl.Workbook()
    for row in [["id", "x"], ["1", "=1+1"], ["2", "a"], [None, '="b"&"c"'], ["4", None]]:
        book.active.append(row)
    book.save(path := tmp_path / "a.xlsx")
    found = read(path, tmp_path / "s")
    assert found.rows == [["2", "a"], ["4", ""]]
    assert [line for line, _ in found.rejects] == [2, 4]
    assert found.rejects[1][1].startswith("a formula has no result: cell B4;")


@pytest.mark.parametrize("value", ["<v></v>", "<v/>", ""])
def test_a_formula_with_an_empty_text_as_result_is_an_empty_cell(tmp_path, value):
    path = write(tmp_path / "a.xlsx", {"A": [["id", "x"], ["1", 77]]})
    formula = f'<c r="B2" t="str"><f>""</f>{value}</c>'
    edit(path, SHEET, '<c r="B2"><v>77</v></c>', formula)
    assert read(path, tmp_path / "s").rows == [["1", ""]]


def test_a_header_with_a_formula_without_a_result_rejects_the_file(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["id", "=A1"])
    book.active.append(["1", None])
    book.save(path := tmp_path / "a.xlsx")
    with pytest.raises(FileRejectedError, match=r"row 1 .* a formula has no result: cell B1"):
        read(path, tmp_path / "s")


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ((0, "yyyy-mm-dd"), "a cell with a date format is not a date: cell B2"),
        ((0.5, "mmm"), "a cell with a date format is not a date: cell B2"),
        ((1e10, "yyyy-mm-dd"), "a cell contains an error: cell B2"),
        ((12.5, "00000"), "a number format adds zeros or text"),
        ((12, '"x"'), "a number format adds zeros or text"),
    ],
)
def test_a_cell_with_an_unclear_format_rejects_its_row(reading, recwarn, cell, what):
    found = reading({"A": [["id", "x"], ["1", cell], ["2", "b"]]})
    assert found.rows == [["2", "b"]]
    assert what in found.rejects[0][1]
    assert not recwarn.list  # openpyxl's warnings contain cell values


@pytest.mark.parametrize("built_in", [27, 31, 57, 58])
def test_a_format_that_depends_on_the_language_rejects_its_row(reading, built_in):
    found = reading({"A": [["id", "x"], ["1", (45352, built_in)], ["2", (3, 2)]]})
    assert found.rows == [["2", "3"]]
    assert "depends on Excel's language: cell B2" in found.rejects[0][1]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('<c r="B2" t="inlineStr"><is><t>a_x000D_b</t></is></c>', "a\rb"),
        ('<c r="B2" t="inlineStr"><is><t>_x005F_x000D_</t></is></c>', "_x000D_"),
        (
            '<c r="B2" t="inlineStr"><is><r><rPr><b/></rPr><t>A</t></r>'
            '<r><t xml:space="preserve"> b</t></r><rPh sb="0" eb="1"><t>x</t></rPh></is></c>',
            "A b",
        ),
        ('<c t="str"><f>A1</f><v>001</v></c>', "001"),
        ('<c r="B2" t="d"><v>2024-03-01T12:30:00.250</v></c>', "2024-03-01 12:30:00.250"),
        ('<c r="B2" t="d"><v>2024-03-01</v></c>', "2024-03-01"),
        ('<c r="B2"><v>1.1000000000000001</v></c>', "1.1"),
        ('<c r="B2"><v>12345678901234567</v></c>', "12345678901234567"),
        ('<c r="B2"><v>1.2E5</v></c>', "120000"),
        ('<c r="B2"><v>7.0</v></c>', "7"),
        ('<c r="B2"/>', ""),
    ],
)
def test_cells_of_other_programs_are_read(tmp_path, written, text):
    path = write(tmp_path / "a.xlsx", {"A": [["id", "x"], ["1", 77]]})
    edit(path, SHEET, '<c r="B2"><v>77</v></c>', written)
    assert read(path, tmp_path / "s").rows == [["1", text]]


def test_escapes_in_shared_strings_are_decoded_once(tmp_path):
    path = write(tmp_path / "a.xlsx", {"A": [["id", "x"], ["1", "here"]]})
    edit(path, "xl/sharedStrings.xml", "here", "a_x000D_b_x005F_x000D_")
    assert read(path, tmp_path / "s").rows == [["1", "a\rb_x000D_"]]


def test_the_stored_size_of_a_sheet_is_ignored(tmp_path):
    path = write(tmp_path / "a.xlsx", {"A": [["id", "x"], ["1", "a"], ["2", "b"]]})
    edit(path, SHEET, '<dimension ref="A1:B3"/>', '<dimension ref="A1"/>')
    assert read(path, tmp_path / "s").rows == [["1", "a"], ["2", "b"]]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</sheetData>", '<row r="1"><c><v>9</v></c></row></sheetData>'),
        ("</sheetData>", '<row r="1048577"><c><v>9</v></c></row></sheetData>'),
        ('r="A3"', 'r="C3"'),
        ('r="A3"', 'r="A4"'),
        ('r="B3"', 'r="A3"'),
        ('r="B3"', 'r="XFE3"'),
        ('<c r="B2"', '<c r="B2" s="99"'),
        ('<c r="B2"', '<c r="B2" t="b"'),
        ("<v>3</v>", "<v>99</v>"),
    ],
)
def test_a_sheet_with_misplaced_cells_is_refused(tmp_path, old, new):
    rows = [["id", "x"], ["1", 7.5], ["2", "b"]]
    path = edit(write(tmp_path / "a.xlsx", {"A": rows}), SHEET, old, new)
    with pytest.raises(FileRejectedError, match="damaged"):
        read(path, tmp_path / "s")


@pytest.mark.parametrize("sheet", ["detect", "A"])
def test_a_workbook_with_a_missing_sheet_is_refused(tmp_path, sheet):
    path = write(tmp_path / "a.xlsx", {"A": [["id"], ["1"]], "B": [["id"], ["2"]]})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    del parts["xl/worksheets/sheet2.xml"]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(FileRejectedError, match="damaged"):
        read(path, tmp_path / "s", sheet=sheet)


def test_a_hidden_sheet_counts_as_filled(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name in ("People", "Old"):
            book.add_worksheet(name).write_column(0, 0, ["id", name])
        book.get_worksheet_by_name("Old").hide()
    with pytest.raises(FileRejectedError, match="2 sheets"):
        read(path, tmp_path / "s")
    assert read(path, tmp_path / "s", sheet="Old").rows == [["Old"]]


def test_chart_sheets_are_ignored(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("People").write_column(0, 0, ["id", 1])
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=People!$A$2:$A$2"})
        book.add_chartsheet("Chart").set_chart(chart)
    assert read(path, tmp_path / "s").rows == [["1"]]
    with pytest.raises(FileRejectedError, match="no sheet 'Chart'"):
        read(path, tmp_path / "s", sheet="Chart")


@pytest.mark.parametrize(
    ("part", "root", "into", "names"),
    [
        (SHEET, "worksheet", 'r="A2" t="inlineStr"><is><t>&h;</t></is></c><c', "abh"),
        (SHEET, "worksheet", 'r="A2" t="inlineStr"><is><t>&h;</t></is></c><c', "abcdefgh"),
        ("xl/sharedStrings.xml", "sst", "&h;", "abh"),
        ("xl/sharedStrings.xml", "sst", "&h;", "abcdefgh"),
        ("xl/workbook.xml", "workbook", "&h;", "abcdefgh"),
    ],
)
def test_a_workbook_with_entities_is_refused(tmp_path, part, root, into, names):
    path = write(tmp_path / "a.xlsx", {"People": [["id", "x"], ["here", "b"]]})
    laughs = '<!ENTITY a "haha">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise(names)
    )
    edit(path, part, f"<{root} ", f"<!DOCTYPE {root} [{laughs}]><{root} ")
    spots = {SHEET: 'r="A2" t="s"><v>2</v></c><c', "xl/sharedStrings.xml": "here"}
    edit(path, part, spots.get(part, "People"), into)
    with pytest.raises(FileRejectedError, match="damaged") as refused:
        read(path, tmp_path / "s")
    assert "ntit" in str(
        refused.value.content
    )  # EntitiesForbidden, or an error about entity amplification


def test_a_strict_open_xml_workbook_is_refused(tmp_path):
    path = write(tmp_path / "a.xlsx", {"A": [["id"], ["1"]]})
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in parts.items():
            strict = text.replace(
                "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                "http://purl.oclc.org/ooxml/spreadsheetml/main",
            ).replace(
                "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
                "http://purl.oclc.org/ooxml/officeDocument/relationships",
            )
            archive.writestr(name, strict)
    with pytest.raises(FileRejectedError, match="Strict"):
        read(path, tmp_path / "s")


def test_an_old_or_protected_workbook_is_rejected_with_the_reason(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))
    with pytest.raises(FileRejectedError, match=r"\(\.xls\) or a workbook with a password"):
        read(path, tmp_path / "s")
