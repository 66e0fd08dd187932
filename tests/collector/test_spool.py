import errno
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collector.spool import Spool, SpoolBusyError

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def spool(directory: Path, *, seconds: float = 3600, rows: int = 1000) -> Spool:
    return Spool(directory, clock=lambda: NOW, rotate_seconds=seconds, rotate_rows=rows)


def landed(directory: Path) -> list[dict]:
    return [
        json.loads(line)
        for path in sorted(directory.glob("[!.]*"))
        for line in path.read_text().splitlines()
    ]


def test_rows_are_hidden_until_the_part_is_complete(tmp_path: Path):
    with spool(tmp_path) as open_spool:
        open_spool.append([{"n": 1}, {"n": 2}], durable=True).result(10)
        assert landed(tmp_path) == []
        (part,) = tmp_path.glob(".collector-20260301T093000*.part")
        assert part.read_text() == '{"n":1}\n{"n":2}\n'
    assert landed(tmp_path) == [{"n": 1}, {"n": 2}]
    assert list(tmp_path.glob(".*.part")) == []


def test_an_old_part_is_handed_over_without_further_rows(tmp_path: Path):
    with spool(tmp_path, seconds=0.05) as open_spool:
        open_spool.append([{"n": 1}], durable=False).result(10)
        deadline = time.monotonic() + 10
        while not landed(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert landed(tmp_path) == [{"n": 1}]


def test_a_part_with_enough_rows_is_handed_over(tmp_path: Path):
    with spool(tmp_path, rows=2) as open_spool:
        for n in range(5):
            open_spool.append([{"n": n}], durable=False).result(10)
    files = sorted(tmp_path.glob("collector-*.jsonl"))
    assert sorted(len(path.read_text().splitlines()) for path in files) == [1, 2, 2]


def test_an_idle_spool_leaves_no_files(tmp_path: Path):
    with spool(tmp_path, seconds=0.01):
        time.sleep(0.05)
    assert list(tmp_path.glob("*collector-*")) == []


def test_parts_left_by_a_crash_are_handed_over_without_their_torn_line(tmp_path: Path):
    (tmp_path / ".collector-1.jsonl.part").write_bytes(b'{"n":1}\n{"n":2}\n{"n":')
    (tmp_path / ".collector-2.jsonl.part").write_bytes(b'{"torn')
    (tmp_path / ".collector-3.jsonl.part").write_bytes(b"")
    with spool(tmp_path):
        pass
    assert landed(tmp_path) == [{"n": 1}, {"n": 2}]
    assert list(tmp_path.glob(".*.part")) == []


def test_a_second_spool_on_a_folder_is_refused(tmp_path: Path):
    with spool(tmp_path), pytest.raises(SpoolBusyError, match="another collector writes to"):
        spool(tmp_path).__enter__()
    with spool(tmp_path):
        pass


def test_a_failed_batch_is_reported_and_leaves_earlier_rows_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write = os.write
    budget = 12

    def write_to_a_nearly_full_disk(descriptor: int, data: bytes) -> int:
        nonlocal budget
        if budget == 0:
            raise OSError(errno.ENOSPC, "no space left")
        written = write(descriptor, data[:budget])
        budget -= written
        return written

    with spool(tmp_path) as open_spool:
        monkeypatch.setattr(os, "write", write_to_a_nearly_full_disk)
        open_spool.append([{"n": 1}], durable=True).result(10)
        with pytest.raises(OSError, match="no space left"):
            open_spool.append([{"n": 2}], durable=True).result(10)
        budget = 1000
        open_spool.append([{"n": 3}], durable=True).result(10)
    assert sorted(row["n"] for row in landed(tmp_path)) == [1, 3]


def test_a_durable_row_is_synced_before_it_is_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    synced: list[int] = []
    fsync = os.fsync

    def remember(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    with spool(tmp_path) as open_spool:
        open_spool.append([{"n": 1}], durable=False).result(10)
        (part,) = tmp_path.glob(".collector-*.part")
        monkeypatch.setattr(os, "fsync", remember)
        open_spool.append([{"n": 2}], durable=False).result(10)
        assert part.stat().st_ino not in synced
        open_spool.append([{"n": 3}], durable=True).result(10)
        assert part.stat().st_ino in synced


def test_a_closed_spool_refuses_rows(tmp_path: Path):
    closed = spool(tmp_path)
    with closed:
        pass
    with pytest.raises(RuntimeError, match="not open"):
        closed.append([{"n": 1}], durable=True)
