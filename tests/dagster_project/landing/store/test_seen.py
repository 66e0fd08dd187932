from __future__ import annotations

import json
import random

import pyarrow as pa
import pytest

from dagster_project.landing.store.seen import Seen


def hashes(*values):
    return pa.array(sorted(values), pa.uint64())


def events(*ids):
    rows = ({"event_id": str(i), "contact_key": "a", "name": "n"} for i in ids)
    return "\n".join(json.dumps(row | {"occurred_at": "2024-05-01"}) for row in rows) + "\n"


@pytest.fixture
def folder(landing):
    return landing.settings.seen_dir / "events"


def runs(folder):
    return sorted(path.name for path in folder.iterdir())


def land(landing, name, *ids):
    landed = landing.land_one(f"events/{name}.jsonl", events(*ids))
    return landed.rows_landed, landed.rows_duplicate


def test_added_hashes_are_found_in_any_order_and_after_merges(landing, folder, monkeypatch):
    monkeypatch.setattr("dagster_project.landing.store.seen._SHORT", 10)
    chance = random.Random(7)
    added: set[int] = set()
    seen = Seen(landing.connection, folder, "events")
    for file_no in range(1, 200):
        new = {chance.getrandbits(64) for _ in range(chance.choice([1, 3, 50]))}
        assert not seen.has_any(hashes(*new))
        seen.add(hashes(*new), file_no, "ab")
        added |= new
    assert len(runs(folder)) < 10
    assert all(seen.has_any(hashes(value)) for value in added)
    assert not seen.has_any(hashes(*(value ^ 1 for value in added)))


def test_a_repeated_event_in_any_later_file_is_a_duplicate(landing):
    assert land(landing, "a", *range(100)) == (100, 0)
    for number in range(20):
        assert land(landing, f"b{number}", f"x{number}") == (1, 0)
    assert land(landing, "c", 99, "new") == (1, 1)
    assert land(landing, "d", "x0", "x19", "new") == (0, 3)


def test_deleted_runs_are_rebuilt(landing, folder):
    land(landing, "a", 1, 2)
    for path in folder.iterdir():
        path.unlink()
    assert land(landing, "b", 2, 3) == (1, 1)
    assert land(landing, "c", 1, 2, 3) == (0, 3)


def test_a_file_that_landed_just_before_a_power_cut_is_added(landing, folder):
    land(landing, "a", *range(50))
    known = runs(folder)
    land(landing, "b", 50)
    landing.land_one("crm/own/things/a.csv", "id,x\n1,y\n")
    for path in folder.iterdir():
        if path.name not in known:
            path.unlink()
    assert land(landing, "c", 50, 51) == (1, 1)
    assert land(landing, "d", *range(52)) == (0, 52)


def test_an_interrupted_merge_loses_no_hash(landing, folder):
    land(landing, "a", *range(50))
    [first] = folder.iterdir()
    kept = first.read_bytes()
    land(landing, "b", *range(50, 100))
    [merged] = folder.iterdir()
    first.write_bytes(kept)
    (folder / "1-9-ab.tmp").write_bytes(b"half")
    assert land(landing, "c", 7, 77) == (0, 2)
    assert merged.name in runs(folder)
    assert first.name not in runs(folder)
    assert "1-9-ab.tmp" not in runs(folder)


def test_the_runs_of_another_warehouse_are_discarded(make_landing, tmp_path):
    landing = make_landing()
    folder = landing.settings.seen_dir / "events"
    land(landing, "a", 1)
    # Like a restore: the same numbers, other files.
    landing.connection.execute("delete from raw.events; delete from raw.files")
    landing.connection.execute("delete from raw.file_paths")
    assert land(landing, "b", 2) == (1, 0)
    [run] = folder.iterdir()
    assert run.stat().st_size == 8
    assert land(landing, "c", 1, 2) == (1, 1)


def test_a_match_is_checked_in_the_warehouse(landing, folder):
    land(landing, "a", *range(10))
    landing.connection.execute("delete from raw.events where event_id = '3'")
    assert land(landing, "b", 3, 4) == (1, 1)


def test_tracking_has_its_own_runs(landing):
    row = {"event_id": "1", "email": "a@x.example", "type": "opened", "occurred_at": "2024-05-01"}
    land(landing, "a", 1)
    assert landing.land_one("tracking/a.jsonl", json.dumps(row)).rows_landed == 1
    assert landing.land_one("tracking/b.jsonl", json.dumps(row) + "\n").rows_duplicate == 1


def test_hashes_of_another_duckdb_version_are_recomputed(landing):
    from dagster_project.landing import rehash

    rehash(landing.connection, landing.settings.seen_dir)
    land(landing, "a", 1, 2)
    landing.connection.execute("update raw.events set event_hash = 7")
    landing.connection.execute("update control.hash_marks set mark = 8")
    rehash(landing.connection, landing.settings.seen_dir)
    assert land(landing, "b", 2, 3) == (1, 1)


def test_a_truncated_run_is_rebuilt(landing):
    def events(ids):
        return "".join(
            f'{{"event_id":"{n}","contact_key":"k","name":"n","occurred_at":"2024-06-01"}}\n'
            for n in ids
        )

    landing.land_one("events/a.jsonl", events(range(100)))
    (run,) = (landing.settings.seen_dir / "events").iterdir()
    run.write_bytes(run.read_bytes()[:400])
    for n in range(8):
        landing.land_one(f"events/{n}.jsonl", events([n]))

    assert landing.rows("select count(*) from raw.events") == [(100,)]
