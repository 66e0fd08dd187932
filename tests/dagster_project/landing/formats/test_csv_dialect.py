from __future__ import annotations

import pytest

from dagster_project.landing.errors import FileRejectedError
from tests.dagster_project.landing.reading import read


@pytest.fixture
def reading(tmp_path):
    def read_text(text: str, **keys):
        path = tmp_path / "a.csv"
        path.write_text(text, encoding="utf-8", newline="")
        return read(path, tmp_path / "scratch", **keys)

    return read_text


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "~", "\x01", "\x1f"])
def test_the_delimiter_is_found_although_values_contain_other_delimiters(reading, delimiter):
    found = reading(f'id{delimiter}note\n007{delimiter}"a,b;c|d\te"\n008{delimiter}x\n')
    assert found.columns == ["id", "note"]
    assert found.rows == [["007", "a,b;c|d\te"], ["008", "x"]]
    assert found.is_direct


def test_decimal_commas_do_not_make_a_comma_the_delimiter(reading):
    assert reading("id;amount\n1;2,5\n2;3,5\n").rows == [["1", "2,5"], ["2", "3,5"]]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("'id','note'\n'1','a, \"b\"'\n", [["1", 'a, "b"']]),
        ("id,note\n1,'it''s, well'\n2,O'Brien\n", [["1", "it's, well"], ["2", "O'Brien"]]),
        ('id,note\n1,"a \\"b\\", c"\n2,"d\\\\"\n', [["1", 'a "b", c'], ["2", "d\\"]]),
        ("id,note\n1,a\\, b\n2,c\n", [["1", "a, b"], ["2", "c"]]),
        ('id,note\n1,"C:\\dir\\"\n2,"x"\n', [["1", "C:\\dir\\"], ["2", "x"]]),
        ('id,note\n1,"{""a"": ""\\""b""}"\n', [["1", '{"a": "\\"b"}']]),
        ('id, note\n1, "a, b"\n2, c\n', [["1", "a, b"], ["2", "c"]]),
        ("id,note\n1,C:\\new\n2,\\N\n", [["1", "C:\\new"], ["2", "\\N"]]),
    ],
)
def test_quotes_and_escapes_are_detected(reading, text, rows):
    found = reading(text)
    assert found.columns == ["id", "note"]
    assert found.rows == rows


@pytest.mark.parametrize(
    "preamble",
    [
        "Contacts\n",
        "Contacts of Northwind\nmade 2024-01-01 12:00\n",
        "Contacts\n\n",
        '"Contacts, all of them"\n\n\n',
        "\n",
    ],
)
def test_lines_before_the_header_are_skipped_and_line_numbers_stay_correct(reading, preamble):
    found = reading(preamble + "id,email\n007,a@x.example\n008,b@x.example\n")
    first = preamble.count("\n") + 2
    assert (found.columns, found.lines) == (["id", "email"], [first, first + 1])
    assert found.rows == [["007", "a@x.example"], ["008", "b@x.example"]]


def test_excels_separator_line_sets_the_delimiter(reading):
    assert reading("sep=|\nid|a,b\n1|x,y\n").rows == [["1", "x,y"]]


@pytest.mark.parametrize(
    ("text", "why", "key"),
    [
        ("1,a@x.example\n2,b@x.example\n", "line 1 looks like values", "header_line"),
        (
            "a,b\n1,2,3\n4,5,6\n",
            "no delimiter gives the header and most records",
            "delimiter or header_line",
        ),
        ("id,amount\n1,2,50\n2,3,75\n", "no delimiter gives", "delimiter or header_line"),
        ("a,b;c\n1,2;3\n4,5;6\n", "more than one dialect", "delimiter"),
        ("note\nHello, world\nfoo\n", "no delimiter gives", "delimiter or header_line"),
        ("Full Name\nAda Lovelace\nBob Baker\n", "one column or several", "delimiter"),
        ("name\nAda,Lovelace\nBob,Baker\n", "header may be line 2 or line 1", "header_line"),
        ("Report,\nname,town\nAda,Ulm\n", "the header may be line 1 or line 2", "header_line"),
        ("a||b||c\n1||2||3\n", "line 1 names only every other column", "header_line"),
        ("id,note\n1,'a'\n2,'b'\n", "more than one dialect", "quote or escape"),
        ("id,note\n1,a\\\\b\n2,c\n", "more than one dialect", "quote or escape"),
        ("contact_id;name\n1,Ada\n2,Bob\n", "line 2 looks like values", "header_line"),
        (
            'id,name,note\n1,Ada,a\n2,Bob, "b"\n3,Cy,c\n',
            "only some delimiters are followed by a blank",
            'quote to "none" (quotes are then part of the values)',
        ),
        ("'id','note'\n1,a\n2,\"b, c\"\n3,d\n", "the column names have another quote", "quote"),
    ],
)
def test_an_uncertain_dialect_is_rejected_with_the_tried_dialects_and_the_setting(
    reading, text, why, key
):
    with pytest.raises(FileRejectedError) as rejected:
        reading(text)
    message = str(rejected.value)
    assert why in message
    assert "Tried: " in message
    assert "Closest: " in message
    assert f"Set the source's {key} in sendhouse.toml" in message


@pytest.mark.parametrize(
    ("text", "keys", "rows"),
    [
        ("a,b;c\n1,2;3\n4,5;6\n", {"delimiter": ";"}, [["1,2", "3"], ["4,5", "6"]]),
        ("Full Name\nAda Lovelace\n", {"delimiter": ","}, [["Ada Lovelace"]]),
        ("name\nAda,Ulm\nBob,Bern\n", {"header_line": 2}, [["Bob", "Bern"]]),
        ("1,x\n2,y\n", {"header_line": 1}, [["2", "y"]]),
        ("id,note\n1,'a'\n2,'b'\n", {"quote": "'"}, [["1", "a"], ["2", "b"]]),
        ("id,note\n1,'a'\n2,'b'\n", {"quote": '"'}, [["1", "'a'"], ["2", "'b'"]]),
        ('id,note\n1,"a\n2,b"\n', {"quote": "none"}, [["1", '"a'], ["2", 'b"']]),
        ("id,note\n1,a\\\\b\n2,c\n", {"escape": "double"}, [["1", "a\\\\b"], ["2", "c"]]),
        ("id,note\n1,a\\\\b\n2,c\n", {"escape": "backslash"}, [["1", "a\\b"], ["2", "c"]]),
    ],
)
def test_a_declared_dialect_is_used(reading, text, keys, rows):
    assert reading(text, **keys).rows == rows


def test_a_file_with_new_features_after_the_sample_is_inspected_whole(reading):
    """The sample has no quotes; the first quote comes after the sample."""
    head = "id,note\n" + "".join(f"{n},plain text of a note\n" for n in range(20_000))
    found = reading(head + "a,'x, y'\n")
    assert found.rows[-1] == ["a", "x, y"]
    with pytest.raises(FileRejectedError, match="more than one dialect"):
        reading(head + "a,'x'\n")
    one_column = "note\n" + "plain\n" * 60_000
    assert len(reading(one_column).rows) == 60_000
    with pytest.raises(FileRejectedError, match="no delimiter"):
        reading(one_column + "a;b\n")


def test_a_stray_backslash_rejects_its_row(reading):
    found = reading('id,note\n1,"a \\"b\\", c"\n2,"C:\\new"\n3,"\\"x\\""\n')
    assert [row[0] for row in found.rows] == ["1", "3"]
    assert found.rejects == [(3, "broken quoting: a stray quote or backslash")]
