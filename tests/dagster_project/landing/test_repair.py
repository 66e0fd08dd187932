from __future__ import annotations

import csv

from dagster_project.landing.repair import repair_csv, repair_lines


def read(path):
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.reader(handle))[1:]


def test_records_are_numbered_by_their_first_line(tmp_path):
    source, clean = tmp_path / "a.csv", tmp_path / "clean.csv"
    source.write_bytes(b'a;b\r\n1;"x\ny"\r\n\r\n2;z\n')
    repair_csv(source, clean, 2, ";")
    assert read(clean) == [["2", "", "", "1", "x\ny"], ["5", "", "", "2", "z"]]


def test_a_quote_that_is_never_closed_ends_after_as_much_as_a_value_may_hold(tmp_path):
    source, clean = tmp_path / "a.csv", tmp_path / "clean.csv"
    source.write_text('a,b\n1,"open\n' + "2,x\n" * 100_000)
    repair_csv(source, clean, 2, ",")
    rows = read(clean)
    assert rows[0][0] == "2"
    assert rows[0][1].startswith("broken quoting")
    assert rows[-1] == ["100002", "", "", "2", "x"]
    taken = int(rows[0][1].split(" to ")[1].removesuffix(")"))
    assert len(rows) - 1 == 100_002 - taken


def test_a_long_text_of_a_reject_is_cut_and_says_so(tmp_path):
    source, clean = tmp_path / "a.jsonl", tmp_path / "clean.csv"
    source.write_text("x" * 1_200_000)
    repair_lines(source, clean)
    ((_, problem, text, value),) = read(clean)
    assert problem == "longer than 1,000,000 bytes"
    assert text.endswith("… and 1,100,000 characters more")
    assert value == ""
