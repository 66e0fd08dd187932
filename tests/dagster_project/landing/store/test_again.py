"""A file that is read again counts as if it had been read that way the first time."""

from __future__ import annotations

import os
import random
import shutil
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dagster_project.home.settings import load_settings
from dagster_project.home.source_settings import SourceSettings
from dagster_project.landing import (
    AgainError,
    find_landed,
    other_mappings,
    read_again,
)
from dagster_project.landing.store.raw_files import FORGOTTEN
from tests.dagster_project.landing.conftest import NOON

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.dagster_project.landing.conftest import Landing

DAY = timedelta(days=1)
SHOP = {"as": "events", "id": ["order"], "dates": ["%m/%d/%Y"], "constants": {"name": "bought"}}
RIGHT = SHOP | {"dates": ["%d/%m/%Y"]}


def orders(days: Sequence[int], first: int = 0) -> str:
    lines = (f"{first + n},k{(first + n) % 7},{day:02}/04/2023" for n, day in enumerate(days))
    return "order,contact_key,occurred_at\n" + "".join(f"{line}\n" for line in lines)


def remap(landing: Landing, **sources: dict[str, Any]) -> None:
    """Change the settings of sources, as an edit of sendhouse.toml does."""
    changed = {name: SourceSettings.model_validate(keys) for name, keys in sources.items()}
    landing.settings = load_settings(
        home=landing.settings.home, sources={**landing.settings.sources, **changed}
    )


def again(landing: Landing, *names: str | Path, forget: bool = False, dry: bool = False):
    connection, settings = landing.connection, landing.settings
    connection.execute("begin")
    try:
        files = {
            file.file_id: file
            for name in names
            for file in find_landed(connection, settings, str(name), is_kind=not forget)
        }
        correction = read_again(connection, settings, [*files.values()], forget=forget)
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("rollback" if dry else "commit")
    shutil.rmtree(settings.seen_dir, ignore_errors=True)
    return correction


def raw(landing: Landing) -> dict[str, Any]:
    """Everything that landing wrote, without the paths that files were found at."""
    tables = landing.rows(
        """select table_name from duckdb_tables()
        where schema_name = 'raw' and table_name <> 'file_paths' and not temporary order by all"""
    )
    found = {name: landing.rows(f"from raw.{name} order by all") for (name,) in tables}
    return {name: rows for name, rows in found.items() if rows}


def test_a_corrected_mapping_mends_rejected_and_wrong_rows(make_landing):
    landing = make_landing(shop=SHOP)
    (wrong,) = [landing.land_one("shop/a.csv", orders(range(1, 29)))]
    assert (wrong.rows_landed, wrong.rows_rejected) == (12, 16)
    remap(landing, shop=RIGHT)
    dry = again(landing, "shop", dry=True)
    assert landing.rows("select count(*) from raw.events") == [(12,)]
    done = again(landing, "shop")
    assert done == dry
    (file,) = done.files
    assert (file.landed, file.duplicate, file.rejected) == ((12, 28), (0, 0), (16, 0))
    # 4 April reads the same both ways.
    assert (done.difference.new, done.difference.gone, done.difference.changed) == (16, 0, 11)
    assert landing.rejects() == []
    assert landing.rows(
        """select count(*), min(occurred_at)::varchar, max(occurred_at)::varchar,
        min(received_at)::varchar, max(received_at)::varchar from raw.events"""
    ) == [
        (
            28,
            "2023-04-01 00:00:00+00",
            "2023-04-28 00:00:00+00",
            *["2024-06-01 12:00:00+00"] * 2,
        )
    ]


def test_a_changed_mapping_is_reported_until_the_source_is_read_again(make_landing):
    landing = make_landing(shop=SHOP)
    landing.land_one("shop/a.csv", orders(range(1, 9)))
    landing.land_one("shop/b.csv", orders(range(9, 12), first=50))
    assert other_mappings(landing.connection, landing.settings) == {}
    remap(landing, shop=RIGHT)
    assert other_mappings(landing.connection, landing.settings) == {"shop": 2}
    (same,) = [landing.land_one("shop/c.csv", orders(range(1, 9)))]
    assert same.already_landed
    assert same.has_other_mapping
    assert "sendhouse land --again shop" in same.notices[0]
    again(landing, "shop")
    assert other_mappings(landing.connection, landing.settings) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"path": "/elsewhere/*.csv"},
        {"path": "s3://bucket/key", "endpoint_url": "http://localhost"},
        {"max_loss": 50},
        {"received_at": "landing"},
        {"columns": {}},
    ],
)
def test_a_setting_that_reads_no_row_otherwise_is_no_other_mapping(make_landing, change):
    keys = {"as": "crm/own/things", "snapshot": "full"}
    landing = make_landing(things=keys)
    landing.land_one("things/a.csv", "id\n1\n")
    remap(landing, things=keys | change)
    assert other_mappings(landing.connection, landing.settings) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"columns": {"id": "x"}},
        {"constants": {"y": "1"}},
        {"id": ["x"]},
        {"timezone": "Europe/Berlin"},
        {"dates": ["%d.%m.%Y"]},
        {"decimal": ","},
        {"nulls": ["-"]},
        {"empty": "unchanged"},
        {"snapshot": "full"},
        {"deleted": {"column": "x"}},
        {"received_at": "2024-01-31T00:00:00Z"},
        {"encoding": "cp1252"},
        {"delimiter": ";"},
        {"header_line": 2},
        {"as": "crm/own/others"},
    ],
)
def test_a_setting_that_can_read_a_row_otherwise_is_another_mapping(make_landing, change):
    keys = {"as": "crm/own/things"}
    landing = make_landing(things=keys)
    landing.land_one("things/a.csv", "id,x\n1,2\n")
    remap(landing, things=keys | change)
    assert other_mappings(landing.connection, landing.settings) == {"things": 1}


def test_files_of_an_earlier_version_are_not_reported(make_landing):
    landing = make_landing(shop=SHOP)
    landing.land_one("shop/a.csv", orders(range(1, 9)))
    landing.connection.execute("update raw.files set mapping = '0123456789abcdef'")
    remap(landing, shop=RIGHT)
    assert other_mappings(landing.connection, landing.settings) == {}
    assert again(landing, "shop").files[0].landed == (8, 8)


def test_a_file_is_named_by_source_path_name_content_or_id(make_landing, tmp_path):
    landing = make_landing(shop=SHOP)
    original = tmp_path / "orders.csv"
    original.write_text(orders(range(1, 9)))
    landing.put("shop/01234567-orders.csv", original.read_bytes())
    (landed,) = landing.land()
    copy = tmp_path / "copy.csv"
    copy.write_bytes(original.read_bytes())
    for name in ("shop", landed.file_id, landed.path, "orders.csv", original, copy):
        (found,) = find_landed(landing.connection, landing.settings, str(name), is_kind=True)
        assert found.file_id == landed.file_id
    for unknown in ("ders.csv", "other.csv", "events", tmp_path / "orders2.csv"):
        with pytest.raises(AgainError, match="no landed file is named"):
            find_landed(landing.connection, landing.settings, str(unknown), is_kind=True)
    with pytest.raises(AgainError, match="is a source"):
        find_landed(landing.connection, landing.settings, "shop", is_kind=False)
    landing.put("shop/89abcdef-orders.csv", orders(range(1, 5)))
    landing.land()
    with pytest.raises(AgainError, match="several landed files"):
        find_landed(landing.connection, landing.settings, "orders.csv", is_kind=True)


def test_a_file_that_is_no_longer_kept_changes_nothing(make_landing):
    landing = make_landing(shop=SHOP)
    landing.land_one("shop/a.csv", orders(range(1, 29)))
    landing.land_one("shop/b.csv", orders(range(9, 12), first=50))
    before = raw(landing)
    remap(landing, shop=RIGHT)
    (kept,) = landing.settings.landing_dir.glob(".done/*/shop/a.csv")
    kept.rename(kept.with_name("elsewhere"))
    with pytest.raises(AgainError, match=r"a\.csv \(shop\): the file is no longer kept"):
        again(landing, "shop")
    assert raw(landing) == before
    landing.put("shop/a.csv", (kept.with_name("elsewhere")).read_bytes())
    assert [file.landed for file in again(landing, "shop").files] == [(12, 28), (3, 3)]


def test_a_mapping_that_rejects_a_file_as_a_whole_changes_nothing(make_landing):
    landing = make_landing(shop=SHOP)
    landing.land_one("shop/a.csv", orders(range(1, 29)))
    before = raw(landing)
    remap(landing, shop=SHOP | {"id": ["number"]})
    with pytest.raises(AgainError, match=r"nothing changed.*\n.*lacks columns.*number"):
        again(landing, "shop")
    assert raw(landing) == before


def test_a_forgotten_file_stays_forgotten_until_it_is_read_again(make_landing, tmp_path):
    landing = make_landing(shop=SHOP | {"path": str(tmp_path / "*.csv")})
    path = tmp_path / "a.csv"
    path.write_text(orders(range(1, 13)))
    (landed,) = landing.land()
    before = raw(landing)
    done = again(landing, path, forget=True)
    assert (done.files[0].landed, done.difference.gone) == ((12, 0), 12)
    assert landing.rows("select count(*) from raw.events") == [(0,)]
    assert landing.rows("select file_id, error from raw.files") == [(landed.file_id, FORGOTTEN)]
    assert landing.land() == []
    os.utime(path, (0, 0))
    (skipped,) = landing.land()
    assert skipped.error == FORGOTTEN
    remap(landing, shop=RIGHT | {"path": str(tmp_path / "*.csv")})
    assert landing.land() == []
    remap(landing, shop=SHOP | {"path": str(tmp_path / "*.csv")})
    again(landing, path)
    after = raw(landing)
    assert after["events"] == before["events"]
    assert landing.rows("select file_no, rows_landed, error from raw.files") == [(1, 12, None)]


def test_many_rows_after_a_file_without_rows_are_kept(make_landing):
    """More rows than a row group of DuckDB: its parallel insert loses them (see read_again)."""
    landing = make_landing(shop=SHOP)
    landing.connection.execute("set threads = 2")
    many = 123_000
    landing.land_one("shop/none.csv", orders(range(40, 42)))
    landing.land_one("shop/many.csv", orders([13, 1] * (many // 2), first=10))
    remap(landing, shop=RIGHT)
    done = again(landing, "shop")
    assert [file.landed for file in done.files] == [(0, 0), (many // 2, many)]
    found = done.difference
    assert (found.new, found.gone, found.changed) == (many // 2, 0, many // 2)
    assert len(landing.rows("select file_no from raw.events")) == many


def test_a_forgotten_archive_is_read_again_with_all_its_files(make_landing, tmp_path):
    landing = make_landing(shop=RIGHT)
    path = tmp_path / "orders.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, first in (("a.csv", 0), ("b.csv", 50)):
            archive.writestr(name, orders(range(1, 5), first=first))
    landing.put("shop/orders.zip", path.read_bytes())
    landing.land()
    before = raw(landing)
    assert [file.landed for file in again(landing, path, forget=True).files] == [(4, 0), (4, 0)]
    assert [file.landed for file in again(landing, path).files] == [(0, 4), (0, 4)]
    assert raw(landing)["events"] == before["events"]


def test_a_refused_file_is_not_named_as_unknown(landing):
    landing.land_one("events/a.csv", "no,such,columns\n1,2,3\n")
    for forget in (False, True):
        with pytest.raises(AgainError, match=r"did not land: the file lacks a required column"):
            again(landing, "a.csv", forget=forget)


def test_an_event_of_a_forgotten_file_lands_from_a_file_that_repeats_it(make_landing):
    landing = make_landing(shop=RIGHT)
    first = landing.land_one("shop/a.csv", orders(range(1, 5)))
    later = landing.land_one("shop/b.csv", orders(range(1, 9)))
    assert (later.rows_landed, later.rows_duplicate) == (4, 4)
    done = again(landing, first.path, forget=True)
    assert [file.landed for file in done.files] == [(4, 0), (4, 8)]
    assert (done.difference.new, done.difference.gone, done.difference.changed) == (0, 0, 0)
    assert landing.rows("select distinct file_no from raw.events") == [(2,)]


def test_of_two_files_the_earlier_keeps_an_event_that_it_could_not_read_before(make_landing):
    landing = make_landing(shop=SHOP, mended=RIGHT)
    landing.land_one("shop/a.csv", orders(range(11, 16)))
    landing.put("mended/b.csv", orders(range(11, 16)))
    landing.land(NOON + DAY)
    assert landing.rows("select file_no, rows_landed from raw.files order by all") == [
        (1, 2),
        (2, 3),
    ]
    remap(landing, shop=RIGHT)
    done = again(landing, "shop")
    assert (done.difference.new, done.difference.changed) == (0, 5)
    assert landing.rows(
        "select file_no, rows_landed, rows_duplicate from raw.files order by all"
    ) == [(1, 5, 0), (2, 0, 5)]
    assert landing.rows("select distinct file_no, received_at::varchar from raw.events") == [
        (1, "2024-06-01 12:00:00+00")
    ]


def test_a_later_landing_knows_the_events_of_a_file_that_was_read_again(make_landing):
    landing = make_landing(shop=SHOP)
    landing.land_one("shop/a.csv", orders(range(1, 29)))
    remap(landing, shop=RIGHT)
    again(landing, "shop")
    later = landing.land_one("shop/b.csv", orders(range(1, 30)))
    assert (later.rows_landed, later.rows_duplicate) == (1, 28)


THINGS = {"as": "crm/own/things", "snapshot": "full"}


def test_snapshots_after_a_forgotten_snapshot_are_compared_again(make_landing):
    landing = make_landing(things=THINGS)
    landing.land_one("things/a.csv", "id\n" + "".join(f"{n}\n" for n in range(10)))
    wrong = landing.land_one("things/b.csv", "id\n" + "".join(f"x{n}\n" for n in range(100)))
    for name, rows in (("c", 11), ("d", 12)):
        landed = landing.land_one(
            f"things/{name}.csv", "id\n" + "".join(f"{n}\n" for n in range(rows))
        )
        assert "ends no" in landed.notices[0]
    is_full = "select is_full from raw.files order by file_no"
    assert landing.rows(is_full) == [(True,), (True,), (False,), (False,)]
    done = again(landing, wrong.path, forget=True)
    assert landing.rows(is_full) == [(True,), (False,), (True,), (True,)]
    assert [file.landed for file in done.files] == [(100, 0), (11, 11), (12, 12)]
    assert (done.difference.gone, done.difference.changed) == (100, 0)


def test_a_returned_snapshot_is_read_again_as_itself(make_landing):
    landing = make_landing(things=THINGS)
    for place, rows in enumerate(("id,x\n1,a\n2,b\n", "id,x\n1,a\n3,c\n", "id,x\n1,a\n2,b\n")):
        path = landing.put(f"things/{place}.csv", rows)
        os.utime(path, (place + 1, place + 1))
        landing.land(NOON + place * DAY)
    ids = landing.rows("select file_id from raw.files order by file_no")
    before = raw(landing)
    remap(landing, things=THINGS | {"columns": {"y": "x"}})
    again(landing, "things")
    assert landing.rows("select file_id from raw.files order by file_no") == ids
    assert landing.rows("select y from raw.own__things where _file_no = 3 order by all") == [
        ("a",),
        ("b",),
    ]
    remap(landing, things=THINGS)
    again(landing, "things")
    assert [row[:3] for row in before["files"]] == [row[:3] for row in raw(landing)["files"]]


def test_contacts_and_unknown_keys_are_counted(make_landing):
    landing = make_landing(shop=SHOP)
    landing.connection.execute(
        """create schema contacts;
        create table contacts.contact_identities (
            key varchar, contact_id varchar, key_kind varchar, found_in varchar
        );
        create table contacts.contacts (contact_id varchar, company_id varchar);
        insert into contacts.contact_identities by name
        select * from (values ('k1', 'c1'), ('K2', 'c2'), ('k3', 'c2')) as v (key, contact_id)"""
    )
    landing.land_one("shop/a.csv", orders(range(1, 29)))
    remap(landing, shop=RIGHT)
    done = again(landing, "shop")
    assert (done.difference.contacts, done.difference.unknown_keys) == (2, 4)


def test_a_changed_company_affects_its_contacts(make_landing):
    people = {"as": "crm/standard/companies", "columns": {"employees": "A"}}
    landing = make_landing(firms=people)
    landing.connection.execute(
        """create schema contacts;
        create table contacts.contact_identities (key varchar, contact_id varchar);
        create table contacts.contacts (contact_id varchar, company_id varchar);
        insert into contacts.contacts values ('c1', '7'), ('c2', '7'), ('c3', '8'), ('c4', null)"""
    )
    landing.land_one("firms/a.csv", "company_id,A,B\n7,1,2\n8,5,5\n")
    remap(landing, firms=people | {"columns": {"employees": "B"}})
    done = again(landing, "firms")
    # The other column changes too: it keeps its name.
    assert (done.difference.changed, done.difference.contacts) == (2, 3)
    assert landing.rows("select employees from raw.standard__companies order by all") == [
        ("2",),
        ("5",),
    ]


@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_mistakes_gives_what_the_last_mapping_gives_at_once(make_landing, seed):
    """The law: after the last correction, raw is what the last mapping makes of the kept files."""
    chance = random.Random(seed)
    mappings = [SHOP, RIGHT, RIGHT | {"id": []}, SHOP | {"id": ["order", "contact_key"]}]
    landing = _growing(make_landing, ["one", "two"], mappings, chance)
    final = {name: chance.choice(mappings) for name in ("one", "two")}
    landed = landing.rows("select path from raw.files where error is null order by file_no")
    forgotten = {path for (path,) in landed if chance.random() < 0.3}
    for path in sorted(forgotten):
        again(landing, path, forget=True)
    remap(landing, **final)
    for name in chance.sample(["one", "two"], 2):
        if landing.rows(f"select 1 from raw.files where kind = '{name}' and error is null"):
            again(landing, name)
    corrected = raw(landing)
    assert corrected["events"] == _fresh(landing, final, forgotten)


def _growing(
    make_landing: Callable[..., Landing],
    names: list[str],
    mappings: list[dict[str, Any]],
    chance: random.Random,
) -> Landing:
    """Land overlapping files under mappings that change from file to file."""
    landing = make_landing(**{name: chance.choice(mappings) for name in names})
    for place in range(6):
        remap(landing, **{name: chance.choice(mappings) for name in names})
        start = chance.randrange(1, 20)
        content = orders(range(start, start + 9), first=start)
        landing.put(f"{chance.choice(names)}/{place}.csv", content)
        landing.land(NOON + place * DAY)
    return landing


def _fresh(landing: Landing, final: dict[str, dict[str, Any]], forgotten: set[str]) -> Any:
    """The events of the kept files, landed in their order into an empty warehouse."""
    files = landing.rows("select kind, path, file_no, landed_at from raw.files order by file_no")
    connection = landing.connection
    connection.execute("delete from raw.events; delete from raw.files; delete from raw.file_paths")
    remap(landing, **final)
    for kind, path, file_no, landed_at in files:
        (kept,) = landing.settings.landing_dir.glob(f".done/*/{kind}/{path.rpartition('/')[2]}")
        if path not in forgotten:
            kept.rename(path)
            # The numbers of forgotten files are not given again.
            connection.execute(
                """insert into raw.files by name select 'gap' as file_id, $no - 1 as file_no,
                '' as path, '' as sha256, 'gap' as kind, false as is_full, 0 as rows_landed,
                0 as rows_duplicate, 0 as rows_rejected, 0 as bytes, 0 as modified_ns,
                '' as mapping, [] as notices, 'gap' as error, $at as landed_at""",
                {"no": file_no, "at": landed_at},
            )
            shutil.rmtree(landing.settings.seen_dir, ignore_errors=True)
            landing.land(landed_at)
    return landing.rows("from raw.events order by all")
