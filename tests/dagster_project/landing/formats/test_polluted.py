from __future__ import annotations

import random
from collections import Counter

import pytest

from dagster_project.landing.formats.csv_records import Dialect, read_records, whole_lines
from dagster_project.landing.formats.encoding import UTF_8
from dagster_project.landing.formats.text import open_text
from tests.dagster_project.landing.formats.polluted import Polluted, is_wrong, pollute
from tests.dagster_project.landing.reading import read

# A row that fits the table in every way, but is no record: nothing in the file says so.
UNKNOWABLE = ("foot_padded", "header_on_2_rows", "quote_of_a_row")
REFUSED = {
    "no_header",
    "title_padded_Report",
    "title_padded_Contacts of March",
    "title_padded_made by Ann",
    "line_end_'\\x1e'",
    "delimiter_':'",
    "delimiter_' '",
    "delimiter_'\\t\\t'",
    "delimiter_'||'",
    "delimiter_',,'",
    "quote_blank",
    "header_twice_0",
    "header_twice_3",
    "header_twice_8",
}


def test_a_polluted_file_lands_no_wrong_row_without_a_word(tmp_path):
    """Every kind of pollution, in every 17th row; run the module `polluted` for all 2,311 files."""
    verdicts = {polluted.name: is_wrong(polluted, tmp_path) for polluted in pollute(step=17)}
    wrong = [name for name, verdict in verdicts.items() if verdict]
    assert [name for name in wrong if not name.startswith(UNKNOWABLE)] == []
    assert len(wrong) <= 10
    assert {name for name, verdict in verdicts.items() if verdict is None} <= REFUSED


def test_a_wrong_row_is_noticed(tmp_path):
    """The comparison itself can fail."""
    clean = [["1", "a"], ["2", "b"]]
    assert is_wrong(Polluted("moved", b"id,name\n1,a\n2,c\n", clean), tmp_path)
    assert is_wrong(Polluted("lost", b"id,name\n1,a\n", clean), tmp_path)
    assert not is_wrong(Polluted("rejected", b"id,name\n1,a\n2,b,\n", clean), tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "2,x,y,",
        ",2,x,",
        "2,x,y,,",
        '2,x,y,""',
        "2,x,,y",
        ",2,x,y",
        '2,"x",y,',
        "2,x,y,\r",
        "2,x",
        "2",
        '2,Bob"big, loud"',
        '2,"x"Bob,y',
    ],
)
@pytest.mark.parametrize("place", ["first", "middle", "last"])
@pytest.mark.parametrize("has_long_value", [False, True])
def test_a_row_of_another_width_is_rejected_with_its_line(tmp_path, line, place, has_long_value):
    """With or without a value of several lines, which takes the file through a clean copy."""
    rows = ["1,a,b", '3,"c\nd",e' if has_long_value else "3,c,e", "4,f,g"]
    at = {"first": 0, "middle": 1, "last": 3}[place]
    rows.insert(at, line)
    path = tmp_path / "a.csv"
    path.write_text("id,name,note\n" + "\n".join(rows) + "\n", newline="")
    found = read(path, tmp_path / "scratch")
    assert [row[0] for row in found.rows] == ["1", "3", "4"]
    [(number, _)] = found.rejects
    assert number == 2 + at + (has_long_value and place == "last")


@pytest.mark.parametrize(
    ("line", "is_doubtful"),
    [
        ('2,Bob"big, loud",x', True),
        ('2,Bob "big, loud",x', True),
        ('2,x,Bob"big, loud"', True),
        ('2,Bob"say ""a, b""",x', True),
        ('2,5" pipe,6",x', True),
        ('Bob"big, loud",x,y', True),
        ('2,5" x 6" pipe,x,y', False),
        ('2,5",6",y', False),
        ('2,5",x,"big, loud"', False),
        ('2,"big, loud",5",x', False),
        ('2,5" pipe,x,6" pipe', False),
        ('2,5" pipe,x,6"', False),
        ('2,Ann "Annie" Lee,x,y', False),
        ('2,"a ""b"", c",x,y', False),
        ("2,'t was,x,'n'", False),
    ],
)
def test_a_quoted_value_after_text_is_doubtful_if_a_delimiter_explains_it(
    tmp_path, line, is_doubtful
):
    path = tmp_path / "a.csv"
    path.write_text(f'id,name,note,email\n1,a,"b, c",d\n{line}\n3,e,f,g\n')
    found = read(path, tmp_path / "scratch")
    why = [(3, "broken quoting: a delimiter may be missing before a quote")]
    assert found.rejects == (why if is_doubtful else [])
    assert len(found.rows) == 2 + (not is_doubtful)


def test_lines_that_are_copied_whole_are_the_records_that_the_csv_module_reads(tmp_path):
    """The short way of the clean copy takes no line that has another meaning."""
    dice, dialect, path = random.Random(7), Dialect(header=("a", "b", "c")), tmp_path / "a.csv"
    whole, copied = whole_lines(dialect, 3), 0
    assert whole is not None
    for _ in range(4_000):
        text = "".join(dice.choices(',"x \r\n\0', [9, 9, 9, 3, 1, 3, 0.3], k=dice.randint(1, 20)))
        if not (found := whole.match(text)):
            continue
        copied += 1
        path.write_text(found[0], newline="")
        with open_text(path, UTF_8) as handle:
            records = list(read_records(handle, dialect, UTF_8))
        assert {(record.problem, len(record.values)) for record in records} == {(None, 3)}, text
        assert [record.line for record in records] == [*range(1, len(records) + 1)], text
    assert copied > 100


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_clean_copy_of_a_file_has_the_file_s_values(tmp_path, delimiter, quote, end):
    """One broken row takes the file through a clean copy; all other rows are as they were."""
    rows = [["1", "a b", "c"], ["2", f"{quote}x{delimiter} y{quote}", ""], ["3", "", "é"]]
    lines = [delimiter.join(cells) for cells in [["id", "name", "note"], *rows, ["4", "z"]]]
    lines.append(delimiter.join(["5", f"{quote}{quote * 2}big{quote * 2}{quote}", "7"]))
    path = tmp_path / "a.csv"
    path.write_text(end.join(lines) + end, newline="", encoding="utf-8")
    found = read(path, tmp_path / "scratch", quote=quote)
    assert not found.is_direct or not found.rejects
    assert Counter(map(tuple, found.rows)) == Counter(
        [
            ("1", "a b", "c"),
            ("2", f"x{delimiter} y", ""),
            ("3", "", "é"),
            ("5", f"{quote}big{quote}", "7"),
        ]
    )
    assert found.lines == [2, 3, 4, 6]
    assert [line for line, _ in found.rejects] == [5]
