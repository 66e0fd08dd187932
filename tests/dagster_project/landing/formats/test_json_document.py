from __future__ import annotations

import json

import pytest

from dagster_project.landing.errors import FileRejectedError
from tests.dagster_project.landing.reading import read


@pytest.fixture
def reading(tmp_path):
    def read_text(text: str, name: str = "a.json", encoding: str = "utf-8", **keys):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return read(path, tmp_path / "scratch", **keys)

    return read_text


@pytest.mark.parametrize("indent", [None, 2, "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-be"])
def test_an_array_of_objects_is_read_with_any_indentation_and_encoding(reading, indent, encoding):
    people = [{"id": "007", "note": "a\nb, [{é}]"}, {"id": 8}, {"id": "9", "tags": ["x", {"y": 1}]}]
    found = reading(json.dumps(people, indent=indent, ensure_ascii=False), encoding=encoding)
    assert found.columns == ["id", "note", "tags"]
    rows = [[row[0], row[1], row[2] and json.loads(row[2])] for row in found.rows]
    assert rows == [["007", "a\nb, [{é}]", ""], ["8", "", ""], ["9", "", ["x", {"y": 1}]]]


def test_a_record_has_its_first_line(reading):
    assert reading('[\n{"id":\n1},\n\n {"id":2}, {"id":3}\n]').lines == [2, 5, 5]


def test_numbers_keep_their_text(reading):
    found = reading('[{"a": 12345678901234567890, "b": 1.0, "c": "1.50", "d": "1e5", "e": true}]')
    assert found.rows == [["12345678901234567890", "1.0", "1.50", "1e5", "true"]]


def test_an_array_inside_an_object_is_read(reading):
    text = '{"total": 2, "paging": {"next": [1]}, "results": [{"id": 1}, {"id": 2}], "more": false}'
    assert reading(text).rows == [["1"], ["2"]]


def test_a_single_object_or_one_object_per_line_are_records(reading):
    assert reading('{\n"id": 1,\n"tags": ["x"]\n}').rows == [["1", '["x"]']]
    assert reading('{"id": 1}\n{"id": 2}\n').rows == [["1"], ["2"]]
    assert reading('{"id": 1}\n{"id": 2}\n', encoding="utf-16").rows == [["1"], ["2"]]


def test_an_array_in_a_jsonl_file_is_read(reading):
    assert reading('[{"id": 1}]', "a.jsonl").rows == [["1"]]


def test_an_empty_array_has_no_rows(reading):
    assert reading("[]").rows == []
    assert reading('{"results": []}').rows == []


def test_a_long_document_is_read_in_blocks(reading):
    people = [{"id": str(n), "note": "é" * (n % 50)} for n in range(60_000)]
    found = reading(json.dumps(people, indent=1, ensure_ascii=False))
    assert [row[0] for row in found.rows] == [person["id"] for person in people]
    assert found.lines[-1] == 2 + 4 * 59_999


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[{"id": 1}', "the end is missing"),
        ('[{"id": 1', "the end is missing"),
        ('{"id": 1', "the end is missing"),
        ('[{"id": 1}]]', "text follows the end"),
        ('[{"id": 1} {"id": 2}]', "',' is missing"),
        ('[{"id": 1}, 2]', "an element of the array is not an object"),
        ('[{"id": NaN}]', "NaN is not JSON"),
        ('{"a": [{"id": 1}], "b": [{"id": 2}]}', "more than one array of objects"),
        ('{"total": 0, "results": []}', "an empty array"),
        ('"id"', "neither an array nor an object"),
        ("id,name\n1,x\n", "neither an array nor an object"),
        ("   ", "neither an array nor an object"),
    ],
)
def test_a_document_without_a_list_of_records_is_rejected_whole(reading, text, why):
    with pytest.raises(FileRejectedError, match=r"line \d") as rejected:
        reading(text)
    assert why in str(rejected.value)
    assert 'format = "jsonl"' in str(rejected.value)


def test_an_oversized_record_is_rejected_alone(reading):
    found = reading(json.dumps([{"id": 1}, {"id": 2, "note": "x" * 1_000_001}, {"id": 3}]))
    assert found.rows == [["1", ""], ["3", ""]] or found.rows == [["1"], ["3"]]
    assert found.rejects == [(1, "longer than 1,000,000 bytes")]
