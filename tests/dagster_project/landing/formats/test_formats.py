"""Round trips: every file is read as it was written, or rejected, but never read differently."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import xlsxwriter
import zstandard

from dagster_project.landing.errors import FileRejectedError
from tests.dagster_project.landing.reading import read

if TYPE_CHECKING:
    from collections.abc import Sequence

SHARED = Path(__file__).resolve().parents[5] / "shared" / "data"
needs_shared_data = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no {SHARED}")

PACKINGS = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
DELIMITERS = [",", ";", "\t", "|"]
ENDS = ["\n", "\r\n", "\r"]

HEADER = ["id", "näme", "note"]
TABLE = [
    ["007", "O'Brien", "a,b;c|d\te"],
    ["0012", "", 'say "hi", then go'],
    ["3", "x\ny", "  padded "],
    ["1e5", "2024-01-01", "C:\\new"],
    ["4", "José Böll", "one\r\ntwo\n\nthree"],
    ["5", "=1+1", "it's 'so', isn't it"],
    ["6", "1.234,50", "'"],
    ["7", '"', "''"],
    ["8", "NULL", "\\N"],
]


def written(
    rows: Sequence[Sequence[str]],
    delimiter: str = ",",
    quote: str = '"',
    end: str = "\n",
    *,
    escape: str = "double",
    quote_all: bool = False,
) -> str:
    """Write rows as CSV, with quotes where they are needed."""

    def value(text: str) -> str:
        special = any(mark in text for mark in (delimiter, quote, "\n", "\r"))
        if escape == "backslash":
            text = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
        else:
            text = text.replace(quote, quote * 2)
        return f"{quote}{text}{quote}" if special or quote_all else text

    return "".join(delimiter.join(map(value, row)) + end for row in rows)


@pytest.mark.parametrize(
    ("encoding", "packing"),
    [*((each, "") for each in ENCODINGS), ("utf-8", ".gz"), ("utf-8", ".zst"), ("utf-16", ".gz")],
)
def test_every_way_to_write_a_table_is_read_correctly_or_rejected(tmp_path, encoding, packing):
    path, rejected, tried = tmp_path / f"a.csv{packing}", [], 0
    for delimiter, quote, end, escape, quote_all, preamble in itertools.product(
        DELIMITERS, "\"'", ENDS, ["double", "backslash"], [False, True], ["", "Contacts, all\n\n"]
    ):
        text = preamble.replace("\n", end) + written(
            [HEADER, *TABLE], delimiter, quote, end, escape=escape, quote_all=quote_all
        )
        path.write_bytes(PACKINGS[packing](text.encode(encoding)))
        way = (delimiter, quote, end, escape, quote_all, preamble)
        tried += 1
        try:
            found = read(path, tmp_path / "scratch")
        except FileRejectedError as error:
            rejected.append((way, str(error)))
            continue
        assert found.columns == HEADER, way
        assert found.rejects == [], way
        assert found.rows == TABLE, way
    assert tried == 4 * 2 * 3 * 2 * 2 * 2
    # A preamble with a comma is uncertain if the comma is the delimiter.
    assert {way[5] for way, _ in rejected} <= {"Contacts, all\n\n"}
    assert len(rejected) <= tried / 4


def test_random_tables_in_random_dialects_are_read_correctly_or_rejected(tmp_path):
    dice = random.Random(20_240_601)
    pieces = [
        *"abcXYZ019",
        *" ,;|\t\"'\\:.-=@#/",
        "\n",
        "\r\n",
        "é",
        "山",
        "00",
        '""',
        "''",
        '\\"',
        "2024-01-01",
    ]
    path, same, rejected = tmp_path / "a.csv", 0, 0
    for number in range(400):
        width = dice.randint(1, 5)
        header = [f"{dice.choice(['id', 'e-mail', 'Größe', 'a_b'])}{n}" for n in range(width)]
        rows = [
            [
                f"{dice.randint(1, 99)}-{row}",
                *("".join(dice.choices(pieces, k=dice.randint(0, 6))) for _ in range(width - 1)),
            ]
            for row in range(dice.randint(1, 30))
        ]
        text = written(
            [header, *rows],
            dice.choice(DELIMITERS),
            dice.choice("\"'"),
            dice.choice(ENDS),
            escape=dice.choice(["double", "backslash"]),
            quote_all=dice.random() < 0.3,
        )
        path.write_bytes(text.encode(dice.choice(["utf-8", "utf-8-sig", "utf-16", "utf-32-le"])))
        try:
            found = read(path, tmp_path / "scratch")
        except FileRejectedError:
            rejected += 1
            continue
        same += 1
        assert found.columns == header, number
        # Rows may be rejected, but every row that is read equals a written row.
        whole = [row for row in found.rows if row in rows]
        assert whole == found.rows, (number, text)
        assert len(found.rows) + len(found.rejects) == len(rows), (number, text)
    assert same > 250, (same, rejected)


@needs_shared_data
@pytest.mark.shared_data
def test_csv_spectrum_equals_its_json(tmp_path):
    folder, compared = SHARED / "nasty" / "csv_spectrum", 0
    for path in sorted((folder / "csvs").glob("*.csv")):
        expected = json.loads((folder / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
        rows = expected if isinstance(expected, list) else [expected]
        if path.stem == "location_coordinates":
            # The suite's JSON has another number than its CSV.
            rows[0]["Contact Phone Number"] = "2095257564"
        found = read(path, tmp_path / "scratch")
        assert [dict(zip(found.columns, row, strict=True)) for row in found.rows] == rows, path.stem
        assert found.rejects == []
        compared += 1
    assert compared == 12


@needs_shared_data
@pytest.mark.shared_data
def test_every_vendor_export_is_read_like_csv_reader(tmp_path):
    read_files = 0
    for path in sorted((SHARED / "crm_exports").glob("*/*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as handle:
            header, *rows = [row for row in csv.reader(handle) if row]
        found = read(path, tmp_path / "scratch")
        assert found.columns == [name.strip() for name in header], path.name
        assert found.rejects == [], path.name
        assert found.rows == [row for row in rows if any(row)], path.name
        read_files += 1
    assert read_files > 100


@pytest.fixture(scope="module")
def naughty():
    path = SHARED / "nasty" / "strings" / "blns.json"
    if not path.is_file():
        pytest.skip(f"no {path}")
    return [[str(n), text] for n, text in enumerate(json.loads(path.read_text(encoding="utf-8")))]


@pytest.mark.shared_data
@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_naughty_strings_survive_csv(tmp_path, naughty, delimiter, encoding, quoting):
    path = tmp_path / "a.csv"
    with path.open("w", encoding=encoding, newline="") as handle:
        writer = csv.writer(handle, delimiter=delimiter, quoting=quoting)
        writer.writerows([["id", "text"], *naughty])
    found = read(path, tmp_path / "scratch")
    assert found.rejects == []
    assert found.rows == naughty


@pytest.mark.shared_data
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_naughty_strings_survive_json(tmp_path, naughty, name, ascii_only):
    people = [{"id": number, "text": text} for number, text in naughty]
    path = tmp_path / name
    if name == "a.json":
        text = json.dumps(people, ensure_ascii=ascii_only, indent=1)
    else:
        text = "".join(json.dumps(each, ensure_ascii=ascii_only) + "\n" for each in people)
    path.write_text(text, encoding="utf-8")
    found = read(path, tmp_path / "scratch")
    assert found.rejects == []
    assert found.rows == naughty


@pytest.mark.shared_data
def test_naughty_strings_survive_a_workbook(tmp_path, naughty):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([["id", "text"], *naughty]):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text)
    found = read(path, tmp_path / "scratch")
    assert found.rejects == []
    assert found.rows == naughty


@pytest.mark.parametrize("ending", ["csv", "jsonl", "json"])
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PAR1 and so on", "a Parquet file"),
        (b"PK\x03\x04 and so on", "an Excel workbook"),
        (b"\xd0\xcf\x11\xe0 and so on", "an old Excel workbook"),
        (b"%PDF-1.7", "a PDF"),
        (b"\n <!DOCTYPE html><html>", "HTML or XML"),
        (b"<table><tr><td>id</td></tr></table>", "HTML or XML"),
    ],
)
def test_a_file_with_another_format_than_its_name_is_rejected(tmp_path, ending, content, what):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content)
    with pytest.raises(FileRejectedError, match=what):
        read(path, tmp_path / "scratch")


def test_csv_named_as_a_workbook_or_as_parquet_is_rejected(tmp_path):
    for ending in ("xlsx", "parquet"):
        path = tmp_path / f"a.{ending}"
        path.write_text("id,name\n1,Ada\n")
        with pytest.raises(FileRejectedError, match=f"not {ending}: its first bytes are not") as no:
            read(path, tmp_path / "scratch")
        assert "Rename the file" in str(no.value)


@pytest.mark.parametrize(
    "content", ['{"id": 1}\n', '[{"id": 1}]', '[\n  {"id": 1}\n]', '{ "id" : 1}']
)
def test_json_named_as_csv_is_rejected(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(FileRejectedError, match=r"by its first bytes it is JSON\. Rename the file"):
        read(path, tmp_path / "scratch")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_row_with_a_nul_byte_is_rejected_alone_with_any_line_end(tmp_path, end):
    path = tmp_path / "a.csv"
    path.write_bytes(end.join([b"id,note", b"1,a", b"2,b\0", b"3,c", b""]))
    found = read(path, tmp_path / "scratch")
    assert found.rows == [["1", "a"], ["3", "c"]]
    assert found.rejects == [(3, "contains a NUL byte")]


def test_an_oversized_line_is_skipped(tmp_path):
    path = tmp_path / "a.csv"
    with path.open("wb") as handle:
        handle.write(b"id,note\n1,a\n2,")
        for _ in range(64):
            handle.write(b"x" * (1 << 20))
        handle.write(b"\n3,c\n")
    found = read(path, tmp_path / "scratch")
    assert found.rows == [["1", "a"], ["3", "c"]]
    assert found.rejects == [(3, "longer than 1,000,000 bytes")]
    assert found.lines == [2, 4]


def test_a_folder_name_adds_no_column_to_a_parquet_file(landing):
    landing.put_parquet(
        "events/name=folder/a.parquet",
        "select 'k' as contact_key, 'viewed' as name, timestamptz '2024-01-01' as occurred_at",
    )

    landing.land()

    assert landing.rows("select name, properties::varchar from raw.events") == [("viewed", "{}")]
