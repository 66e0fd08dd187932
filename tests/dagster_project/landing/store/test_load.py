from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings
from dagster_project.landing import land_file, land_new, pending_files, refused_files
from dagster_project.landing.formats import repair
from dagster_project.landing.store import load, write
from dagster_project.landing.store.files import put_away, state_of
from dagster_project.tick import installation
from tests.dagster_project.landing.conftest import NOON

_EVENT = '{"contact_key": "k", "name": "n", "occurred_at": "2024-06-01"}\n'
SHARED = Path(__file__).resolve().parents[5] / "shared" / "data"
EVENTS = "".join(
    f'{{"event_id":"e{n}","contact_key":"c{n % 7}","name":"n","occurred_at":"2024-06-01"}}\n'
    for n in range(20)
)


def test_a_file_lands_once(landing):
    landing.put("events/a.jsonl", EVENTS)
    assert [landed.rows_landed for landed in landing.land()] == [20]
    assert landing.land() == []
    assert landing.rows("select count(*) from raw.events") == [(20,)]


def test_the_same_content_under_another_name_lands_nothing(landing):
    landing.put("crm/other/things/a.csv", "id\n1\n")
    landing.land()
    landing.put("crm/other/things/b.csv", "id\n1\n")
    (landed,) = landing.land()
    assert landed.already_landed
    assert (landed.rows_landed, landed.error) == (0, None)
    assert landing.rows("select count(*) from raw.other__things") == [(1,)]
    assert landing.rows("select count(*) from raw.files") == [(1,)]
    assert landing.land() == []


def test_the_same_content_as_another_kind_lands(landing):
    landing.put("crm/other/things/a.csv", "id\n1\n")
    landing.put("crm/other/people/a.csv", "id\n1\n")
    assert [landed.rows_landed for landed in landing.land()] == [1, 1]


def test_a_returned_file_is_read_and_moved_away_again(landing):
    for already_landed in (False, True):
        path = landing.put("events/a.jsonl", EVENTS)
        os.utime(path, (0, 0))
        assert [landed.already_landed for landed in landing.land()] == [already_landed]
        assert not path.exists()
    assert landing.land() == []
    assert (landing.settings.landing_dir / ".done/2024-06-01/events/a.jsonl").is_file()


def test_a_file_outside_the_landing_folder_stays_and_is_read_again_when_touched(
    make_landing, tmp_path
):
    landing = make_landing(shop={"as": "events", "path": str(tmp_path / "*.jsonl")})
    path = tmp_path / "a.jsonl"
    path.write_text(EVENTS)
    assert [landed.rows_landed for landed in landing.land()] == [20]
    os.utime(path, (0, 0))
    assert [landed.already_landed for landed in landing.land()] == [True]
    assert path.is_file()
    assert landing.land() == []


def test_an_extended_file_lands_its_new_rows(landing):
    path = landing.put("events/a.jsonl", EVENTS)
    landing.land()
    path.write_text(EVENTS + EVENTS.splitlines()[0].replace("e0", "new") + "\n")
    (landed,) = landing.land()
    assert (landed.rows_landed, landed.rows_duplicate) == (1, 20)


def test_an_unchanged_file_is_not_read_again(make_landing, tmp_path, monkeypatch):
    landing = make_landing(shop={"as": "events", "path": str(tmp_path / "*.jsonl")})
    (tmp_path / "a.jsonl").write_text(EVENTS)  # a file outside the landing folder stays in place
    landing.put("events/b.csv", "no such columns\n")
    assert len(landing.land()) == 2
    read = []
    monkeypatch.setattr(load, "sha256_of", read.append)
    assert landing.land() == []
    assert read == []


def test_pending_files_lists_the_files_of_the_next_landing(landing):
    newer, older = (landing.put(f"events/{name}.jsonl", EVENTS) for name in ("a", "b"))
    os.utime(older, (1, 1))
    assert pending_files(landing.connection, landing.settings) == [older, newer]
    landing.land()
    assert pending_files(landing.connection, landing.settings) == []


def test_every_file_has_a_row_in_raw_files(landing):
    content = EVENTS + "broken\n" + EVENTS.splitlines()[0] + "\n"
    landed = landing.land_one("events/a.jsonl", content)
    assert landing.rows(
        """select file_id, path, kind, rows_landed, rows_duplicate, rows_rejected, bytes, error,
                  landed_at::varchar from raw.files"""
    ) == [
        (
            landed.file_id,
            str(landed.path),
            "events",
            20,
            1,
            1,
            len(content),
            None,
            "2024-06-01 12:00:00+00",
        )
    ]
    assert landing.rows("select file_id from raw.rejects") == [(landed.file_id,)]
    assert str(landed).endswith("20 rows landed, 1 duplicate, 1 rejected")


@pytest.mark.parametrize(
    "place", ["evnts/a.jsonl", "a.jsonl", "crm/standard/a.csv", "crm/A/b/c.csv"]
)
def test_a_file_in_an_unknown_folder_is_reported_and_recorded(landing, place):
    landed = landing.land_one(place, EVENTS)
    assert landed.error is not None
    assert "known kinds: events, tracking" in landed.error
    assert landing.rejects() == [(None, landed.error, None)]
    assert landing.rows("select path, error from raw.files") == [(str(landed.path), landed.error)]
    assert landing.land() == []


def test_a_failed_file_is_skipped_until_its_content_changes(landing):
    path = landing.put("events/a.csv", "contact_key,name\na,n\n")
    (failed,) = landing.land()
    assert failed.error == "the file lacks a required column: occurred_at"
    assert landing.land() == []
    os.utime(path, (0, 0))
    (again,) = landing.land()
    assert (again.already_landed, again.error) == (True, failed.error)
    path.write_text("contact_key,name,occurred_at\na,n,2024-06-01\n")
    assert [landed.rows_landed for landed in landing.land()] == [1]


@pytest.mark.parametrize("wrong", ["a.xlsx", "a.parquet", "a.zip", "a.pdf", "a.txt", "a"])
def test_a_failed_file_is_read_again_under_a_name_with_another_ending(landing, wrong):
    """A message says that the file needs another ending: then the next landing reads it."""
    content = '{"contact_key": "a", "name": "login", "occurred_at": "2024-01-01T00:00:00Z"}\n'
    path = landing.put(f"events/{wrong}", content)
    [refused] = landing.land()
    assert refused.error
    path.rename(path.with_name("a.jsonl"))
    [landed] = landing.land()
    assert (landed.error, landed.rows_landed) == (None, 1)
    assert landing.land() == []


def test_a_failed_file_with_two_names_is_read_once_under_each(landing):
    for name in ("a.xlsx", "a.parquet"):
        landing.put(f"events/{name}", "no workbook")
    assert [file.error is None for file in landing.land()] == [False, False]
    assert landing.land() == []


def test_a_failed_file_is_read_again_when_its_source_changes(make_landing):
    landing = make_landing(shop={"as": "events"})
    landing.put("shop/a.csv", "mail,name,occurred_at\na,n,2024-06-01\n")
    [failed] = landing.land()
    assert failed.error == "the file lacks a required column: contact_key or company_key"
    landing.settings.sources["shop"].columns["contact_key"] = "mail"
    assert [landed.rows_landed for landed in landing.land(NOON + timedelta(hours=1))] == [1]
    assert landing.rows("select rows_landed, error from raw.files") == [(1, None)]
    assert landing.rejects() == []


def test_a_landed_file_is_not_read_again_when_its_source_changes(make_landing):
    landing = make_landing(shop={"as": "crm/other/things"})
    landing.put("shop/a.csv", "id\n1\n")
    landing.land()
    landing.settings.sources["shop"].constants["colour"] = "red"
    assert landing.land() == []


def test_a_landing_time_without_a_time_zone_is_refused(landing):
    path = landing.put("events/a.jsonl", EVENTS)
    with pytest.raises(ValueError, match="time zone"):
        land_file(landing.connection, path, "events", landing.settings, datetime(2024, 6, 1))  # noqa: DTZ001


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
@pytest.mark.parametrize("happens", ["grows", "goes"])
def test_a_file_that_changes_during_reading_waits_for_the_next_tick(
    landing, monkeypatch, ending, happens
):
    path = landing.put_parquet(
        f"events/a.{ending}", "select 'a' contact_key, 'n' as name, date '2024-06-01' occurred_at"
    )
    if ending == "jsonl":
        path.write_text(EVENTS)
    sha256_of = load.sha256_of

    def change_once_known(path):
        sha256 = sha256_of(path)
        path.unlink()
        if happens == "grows":
            path.write_text(EVENTS + EVENTS.replace("e", "f"))
        return sha256

    monkeypatch.setattr(load, "sha256_of", change_once_known)
    (landed,) = landing.land()
    assert landed.error is not None
    assert landing.rows("select count(*) from raw.events") == [(0,)]
    if happens == "goes" or ending == "jsonl":
        assert "changed or disappeared during reading" in landed.error
        assert landing.rows("select count(*) from raw.files") == [(0,)]


LAND = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from dagster_project.tick import installation
from dagster_project.home import warehouse
from dagster_project.landing import land_new
from dagster_project.home.settings import load_settings

settings = load_settings(home=Path(sys.argv[1]))
with warehouse.connect(settings.warehouse_path) as connection:
    print("landing", flush=True)
    land_new(connection, settings, datetime(2024, 6, 1, 12, tzinfo=UTC))
"""


def land_and_kill(settings, seconds):
    """Land in a child process and kill it after `seconds`; True if it was killed before its end."""
    child = subprocess.Popen(
        [sys.executable, "-c", LAND, str(settings.home)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[4],
    )
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(seconds)
    child.send_signal(signal.SIGKILL)
    child.stdout.close()
    return child.wait() == -signal.SIGKILL


def test_a_killed_landing_leaves_only_whole_files_and_the_next_landing_completes(
    make_landing, tmp_path
):
    """Kill -9 at random moments; afterwards the rows are the same as without a kill."""
    rows_per_file, files = 4_000, 25
    landing = make_landing()
    for file in range(files):
        lines = [
            f'{{"event_id":"{file}-{n}","contact_key":"c","name":"n","occurred_at":"2024-06-01"}}'
            for n in range(rows_per_file)
        ]
        lines[7] = "broken"
        landing.put(f"events/{file:02}.jsonl", "\n".join(lines))
        landing.put(f"crm/other/things/{file:02}.csv", "id,a\n" + f"{file},x\n" * 50)
    settings = landing.settings
    landing.connection.close()

    moments = random.Random(7)
    kills = 0
    for _ in range(6):
        kills += land_and_kill(settings, moments.uniform(0.02, 0.25))
        with warehouse.connect(settings.warehouse_path) as connection:
            torn = connection.sql(
                """select path from raw.files
                   left join (select file_id, count(*) as n from raw.events group by all) as e
                       using (file_id)
                   left join (select file_id, count(*) as n from raw.rejects group by all) as r
                       using (file_id)
                   where kind = 'events'
                     and (e.n, r.n, rows_landed) is distinct from (3999, 1, 3999)"""
            ).fetchall()
            stray = connection.sql(
                """select distinct file_id from raw.events
                   where file_id not in (select file_id from raw.files)"""
            ).fetchall()
        assert (torn, stray) == ([], [])

    assert kills > 0
    with warehouse.connect(settings.warehouse_path) as connection:
        land_new(connection, settings, NOON)
        counts = connection.execute(
            """select (select count(*) from raw.events),
                      (select count(distinct event_id) from raw.events),
                      (select count(*) from raw.rejects), (select count(*) from raw.other__things),
                      (select count(*) from raw.files)"""
        ).fetchone()
    events = files * (rows_per_file - 1)
    assert counts == (events, events, files, files * 50, files * 2)


def what_landed(settings):
    """Return all rows of raw.*, without landing times and ids of files."""
    found = {}
    with warehouse.connect(settings.warehouse_path) as connection:
        tables = connection.sql(
            """select table_name from information_schema.tables where table_schema = 'raw'
               and table_name not in ('files', 'file_paths', 'fetches', 'attempts')"""
        ).fetchall()
        for (table,) in tables:
            rows = connection.sql(
                f"""select columns(lambda c: c not in (
                        '_file_id', '_file_no', '_received_at', 'file_id', 'file_no', 'received_at'
                    )) from raw."{table}" order by all"""
            ).fetchall()
            if rows:
                found[table] = rows
    return found


def pending_files_of(settings):
    with warehouse.connect(settings.warehouse_path) as connection:
        return pending_files(connection, settings)


def put_folder(folder, settings, chance):
    """Copy a folder to the landing folder, with random modification times."""
    places = [path for path in folder.rglob("*") if path.is_file()]
    for path, when in zip(places, chance.sample(range(10**9), len(places)), strict=True):
        place = settings.landing_dir / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        os.utime(place, (when, when))


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED.name} is not part of a clone")
def test_a_folder_landed_five_times_in_any_order_with_kills_gives_the_same_rows(
    tmp_path_factory,
):
    folder = tmp_path_factory.mktemp("folder")
    for crm in ("hubspot", "salesforce"):
        for path in (SHARED / "crm_exports" / crm).glob("*.csv"):
            place = folder / "crm" / crm / path.stem.removesuffix("_data")
            place.mkdir(parents=True)
            shutil.copyfile(path, place / path.name)
    # Streams repeat: each file repeats a third of the previous file.
    header, *lines = (SHARED / "webshop/events.csv").read_text().splitlines(keepends=True)
    header = header.replace("user_id", "contact_key").replace("event,", "name,")
    header = header.replace("timestamp", "occurred_at")
    (folder / "events").mkdir()
    for part in range(6):
        chosen = lines[part * 2_000 : part * 2_000 + 3_000]
        (folder / "events" / f"{part}.csv").write_text(header + "".join(chosen))

    chance = random.Random(11)
    kills, seen = 0, []
    for _ in range(2):
        settings = load_settings(home=tmp_path_factory.mktemp("home"))
        installation.create(settings)
        for _ in range(5 if not seen else 1):
            put_folder(folder, settings, chance)
            kills += land_and_kill(settings, chance.uniform(0.05, 0.6))
            kills += land_and_kill(settings, chance.uniform(0.05, 0.6))
            with warehouse.connect(settings.warehouse_path) as connection:
                land_new(connection, settings, NOON)
            assert pending_files_of(settings) == []
            seen.append(what_landed(settings))
    assert kills > 0
    assert all(rows == seen[0] for rows in seen[1:])
    past = {line for line in lines[:13_000] if line.split(",")[3] <= "2024-06-02 12:00:00"}
    assert len(seen[0]["events"]) == len(past)
    assert len(seen[0]) > 60


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED.name} is not part of a clone")
def test_a_grocer_s_year_and_a_web_shop_land_whole(make_landing):
    history = {
        "as": "events",
        "columns": {"contact_key": "contact_id"},
        "received_at": "occurred_at",
    }
    webshop = {"contact_key": "user_id", "name": "event", "occurred_at": "timestamp"}
    retail = SHARED / "retail"
    landing = make_landing(
        contacts={"as": "crm/standard/contacts", "path": str(retail / "contacts.csv")},
        purchases=history | {"path": str(retail / "*.parquet")},
        mailings=history | {"path": str(retail / "mailings.csv")},
        coupons=history | {"path": str(retail / "coupon_redemptions.csv")},
        webshop=history | {"path": str(SHARED / "webshop/events.csv"), "columns": webshop},
    )
    landed = {one.kind: (one.rows_landed, one.rows_duplicate) for one in landing.land()}
    assert landed == {
        "contacts": (2_469, 0),
        "coupons": (2_102, 0),
        "mailings": (6_589, 0),
        "purchases": (155_848, 0),
        # 30 of the 31,106 lines repeat another line exactly.
        "webshop": (31_076, 30),
    }
    assert landing.rejects() == []
    assert landing.rows(
        """select count(*), count(distinct contact_id), count(nullif(age, ''))
           from raw.standard__contacts"""
    ) == [(2_469, 2_469, 801)]
    assert landing.rows(
        """select max(occurred_at)::varchar, bool_and(occurred_at = received_at),
                  count(properties->>'amount') from raw.events where name = 'purchase_completed'"""
    ) == [("2018-01-01 04:01:20+00", True, 155_848)]
    assert landing.land() == []


def _pipe(folder):
    os.mkfifo(folder / "a.jsonl")


def _link_to_itself(folder):
    (folder / "a.jsonl").symlink_to("a.jsonl")


def _name_in_another_encoding(folder):
    Path(os.fsdecode(os.fsencode(folder) + b"/a\xe7.jsonl")).write_text(_EVENT)


@pytest.mark.parametrize("odd", [_pipe, _link_to_itself, _name_in_another_encoding])
def test_an_unreadable_file_is_reported_and_does_not_stop_other_files(landing, odd):
    folder = landing.put("events/z.jsonl", _EVENT).parent
    odd(folder)
    failed, landed = sorted(landing.land(), key=lambda file: file.error is None)
    assert failed.error
    assert str(failed).encode()
    assert landed.rows_landed == 1


def test_a_file_that_cannot_be_moved_away_does_not_stop_other_files(landing):
    landing.put(".done", "a file where the folder should be")
    landing.put("events/a.jsonl", _EVENT)
    landing.put("events/b.jsonl", _EVENT.replace('"k"', '"k2"'))
    first, second = landing.land()
    assert (first.rows_landed, second.rows_landed) == (1, 1)
    assert "cannot be moved to .done" in str(first)
    assert all(again.already_landed for again in landing.land())
    assert landing.rows("select count(*) from raw.events") == [(2,)]


def test_a_changed_file_is_not_moved_away(landing):
    path = landing.put("events/a.jsonl", _EVENT)
    landed_state = state_of(path)
    path.write_text(_EVENT + _EVENT.replace('"k"', '"k2"'))
    put_away(path, landed_state, landing.settings, NOON)
    assert path.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "a,b\n" + "1,2\n" * 40 + "x\n" * 30),
        ("a.csv", "contact_id,note\n" + "1,2\n" * 40 + '1,"x"y\n' * 30),
        ("a.jsonl", '{"contact_id":"1"}\n' + "x\n" * 30),
        ("a.json", "[" + ",".join(['{"contact_id":"1","note":"\\ud800"}', "{}"] * 15) + ",{}]"),
        ("a.csv", "contact_id,note\n" + "1,2\n" + ",2\n" * 30),
    ],
)
def test_rejected_rows_beyond_a_number_are_counted(landing, monkeypatch, name, content):
    for module in (repair, write):
        monkeypatch.setattr(module, "MAX_REJECTS", 10)
    kind = "crm/standard/contacts" if "contact_id" in content else "crm/other/things"
    landed = landing.land_one(f"{kind}/{name}", content)
    assert landed.rows_rejected >= 16
    rejects = landing.rejects()
    assert len(rejects) == 11
    [more] = [reason for line, reason, _ in rejects if line is None]
    assert more == f"{landed.rows_rejected - 10} more rows are rejected; 10 are listed"


def _clicks(landing, ending: str, count: int) -> Path:
    """Write a file of events whose times say nothing about their order, nor do their ids."""
    path = landing.put(f"events/clicks.{ending}", b"")
    rows = f"""
        select md5(n::varchar) as event_id, 'c' as contact_key, n::varchar as name,
            '2024-06-01 10:00:00' as occurred_at
        from range({count}) as t (n) order by n"""
    if ending == "jsonl":
        landing.connection.execute(f"copy ({rows}) to '{path}' (format json)")
    else:
        landing.connection.execute(f"copy ({rows}) to '{path}'")
    return path


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("has_reject", [False, True])
def test_events_keep_the_order_of_the_file(landing, ending, has_reject):
    count = 150_000  # several row groups of DuckDB
    path = _clicks(landing, ending, count)
    if has_reject and ending == "parquet":
        pytest.skip("a Parquet file has no broken row")
    if has_reject:
        with path.open("a") as file:
            file.write("broken\n")
    [landed] = landing.land()
    assert (landed.rows_landed, landed.rows_rejected) == (count, int(has_reject))
    assert landing.rows(
        """select count(*) from (
            select name::bigint as place, lag(name::bigint) over (order by rowid) as before
            from raw.events
        ) where place <> coalesce(before, -1) + 1"""
    ) == [(0,)]


def test_a_refused_file_is_listed_until_it_lands_or_goes(landing):
    good = landing.put("crm/mailchimp/member/a.csv", "Email Address,First Name\na@x.example,Ann\n")
    bad = landing.put("crm/mailchimp/member/b.csv", "Adr,Stufe\na@x.example,3\n")
    landing.land()
    [listed] = refused_files(landing.connection)
    assert listed.startswith(f"{bad}: no column identifies a record")
    assert not good.exists()
    bad.write_text("Email Address,Stufe\na@x.example,3\n")
    landing.land()
    assert refused_files(landing.connection) == []
    gone = landing.put("crm/mailchimp/member/c.csv", "Adr,Stufe\nb@x.example,3\n")
    landing.land()
    assert len(refused_files(landing.connection)) == 1
    gone.unlink()
    assert refused_files(landing.connection) == []
