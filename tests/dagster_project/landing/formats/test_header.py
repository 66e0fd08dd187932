from __future__ import annotations

import pytest
import xlsxwriter

from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.formats.header import unique_names
from tests.dagster_project.landing.reading import read

TITLE, BLANK, NAMES = ["Contacts of March", "", ""], ["", "", ""], ["Email", "First name", "Land"]
ROWS = [["ann@example.com", "Ann", "DE"], ["bob@example.com", "Bob", ""]]


@pytest.fixture(params=["csv", "xlsx"])
def reading(request, tmp_path):
    def read_table(rows, **keys):
        path = tmp_path / f"a.{request.param}"
        if request.param == "csv":
            path.write_text("".join(",".join(row) + "\n" for row in rows))
        else:
            with xlsxwriter.Workbook(path) as book:
                sheet = book.add_worksheet()
                for number, row in enumerate(rows):
                    for column, cell in enumerate(row):
                        sheet.write_string(number, column, cell) if cell else None
        return read(path, tmp_path / "scratch", **keys)

    return read_table


@pytest.mark.parametrize(
    "above",
    [
        [TITLE, BLANK],
        [TITLE, TITLE, BLANK],
        [TITLE, BLANK, BLANK],
        [BLANK, TITLE, BLANK],
        [TITLE, ["made on 2026-03-01", "", ""], BLANK],
        [["", "Contacts of March", ""], BLANK],
        [["Contacts: 2", "", ""], BLANK],
        [TITLE, BLANK, ["all of them", "", ""], BLANK],
        [BLANK],
        [],
    ],
)
def test_a_title_with_a_blank_row_below_is_above_the_table(reading, above):
    found = reading([*above, NAMES, *ROWS])
    assert found.columns == NAMES
    assert found.rows == ROWS
    assert found.lines == [len(above) + 2, len(above) + 3]


@pytest.mark.parametrize(
    "rows",
    [
        [TITLE, NAMES, *ROWS],
        [TITLE, TITLE, NAMES, *ROWS],
        [TITLE, BLANK, ["Email", "2025", "2026"], *ROWS],
        [TITLE, BLANK, *ROWS],
        [["Email", "", ""], ["Ann", "Ulm", "Germany"], *ROWS],
    ],
)
def test_a_first_row_that_may_be_a_title_refuses_the_file(reading, rows):
    with pytest.raises(FileRejectedError, match=r"the header may be .*header_line"):
        reading(rows)


def test_a_declared_header_line_decides(reading):
    assert reading([TITLE, NAMES, *ROWS], header_line=2).rows == ROWS


@pytest.mark.parametrize(
    "again",
    [
        NAMES,
        [name.upper() for name in NAMES],
        [f" {name} " for name in NAMES],
        ["\ufeff" + NAMES[0], *NAMES[1:]],
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_repeated_header_is_no_record(reading, again, place):
    rows = [*ROWS]
    rows.insert(place, again)
    found = reading([NAMES, *rows])
    assert found.rows == ROWS
    assert found.rejects == [(2 + place, "the column names are repeated")]


@pytest.mark.parametrize(
    "row", [["Email", "First name", "DE"], ["Email", "", ""], ["x", *NAMES[1:]]]
)
def test_a_row_with_some_of_the_column_names_is_a_record(reading, row):
    assert reading([NAMES, *ROWS, row]).rows == [*ROWS, row]


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a"], ["a", "a_2"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["Email", "email", "EMAIL"], ["Email", "email_2", "EMAIL_3"]),
        (["a", "a_2", "a"], ["a", "a_2", "a_3"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        (["a", "b", "a", "b"], ["a", "b", "a_2", "b_2"]),
        (["Straße", "STRASSE"], ["Straße", "STRASSE_2"]),
        (["x", "X_2", "x", "x_2"], ["x", "X_2", "x_3", "x_2_2"]),
        (["column2", "column2"], ["column2", "column2_2"]),
    ],
)
def test_a_name_that_occurs_again_gets_a_number(names, unique):
    found, again = unique_names(names)
    assert found == unique
    assert sorted(sum(again.values(), [*again])) == sorted(
        name for name in found if name in again or name not in names
    )
    assert len({name.casefold() for name in found}) == len(names)
