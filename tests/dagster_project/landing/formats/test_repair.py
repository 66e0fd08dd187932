from __future__ import annotations

import csv
import errno
from pathlib import Path

import pytest

from dagster_project.landing.formats.csv_records import Dialect
from dagster_project.landing.formats.encoding import UTF_8
from dagster_project.landing.formats.repair import clean_copy, repair_csv, repair_lines


def read(path, delimiter=","):
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.reader(handle, delimiter=delimiter))[1:]


def test_records_are_numbered_by_their_first_line(tmp_path):
    source, clean = tmp_path / "a.csv", tmp_path / "clean.csv"
    source.write_bytes(b'made today\r\na;b\r\n1;"x\ny"\r\n\r\n2;z\n')
    dialect = Dialect(";", header_line=2, header=("a", "b"))
    assert repair_csv(source, clean, dialect, UTF_8).rows == 2
    assert read(clean, ";") == [["3", "", "", "1", "x\ny"], ["6", "", "", "2", "z"]]


def test_an_unclosed_quote_ends_at_the_longest_value(tmp_path):
    source, clean = tmp_path / "a.csv", tmp_path / "clean.csv"
    source.write_text('a,b\n1,"open\n' + "2,x\n" * 100_000)
    repair_csv(source, clean, Dialect(header=("a", "b")), UTF_8)
    rows = read(clean)
    assert rows[0][0] == "2"
    assert rows[0][1].startswith("broken quoting")
    assert rows[-1] == ["100002", "", "", "2", "x"]
    taken = int(rows[0][1].split(" to ")[1].removesuffix(")"))
    assert len(rows) - 1 == 100_002 - taken


def test_lines_after_an_oversized_line_keep_their_numbers(tmp_path):
    source, clean = tmp_path / "a.jsonl", tmp_path / "clean.csv"
    source.write_bytes(b"x" * 3_500_000 + b"\n\nb\r\n" + b"y" * 100_000 + b"\r\nd")
    repair_lines(source, clean)
    long, *others = read(clean)
    assert (long[0], long[1], long[3]) == ("1", "longer than 1,000,000 bytes", "")
    assert long[2] == "x" * 100_000 + " … (cut)"
    assert others == [["3", "", "", "b"], ["4", "", "", "y" * 100_000], ["5", "", "", "d"]]


def test_a_full_disk_is_reported_with_a_remedy():
    full = Path("/dev/full")  # every write fails with "no space left"
    if not full.exists():
        pytest.skip("no /dev/full")
    with pytest.raises(OSError, match="free disk space, or set TMPDIR") as failed:  # noqa: SIM117
        with clean_copy(full, 1) as copy:
            copy.add(2, None, "", ["x" * 100_000])
    assert failed.value.errno == errno.ENOSPC
    assert failed.value.filename == "/dev"
