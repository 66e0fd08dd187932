from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings
from dagster_project.home.source_settings import SourceSettings
from dagster_project.home.warehouse import Clock
from dagster_project.landing import land_new
from dagster_project.landing.fetch.remote import Fetched, fetch_new, unfetched
from tests.dagster_project.landing.conftest import NOON
from tests.dagster_project.landing.fetch.remote_support import Postgres, Proxy
from tests.dagster_project.landing.fetch.test_s3 import FETCH

PROJECT = Path(__file__).resolve().parents[4]
URL = "SENDHOUSE_SOURCE_ORDERS_URL"
ORDERS = {
    "as": "events",
    "query": "select * from orders",
    "cursor": "updated_at",
    "columns": {"event_id": "id", "contact_key": "customer", "occurred_at": "updated_at"},
    "constants": {"name": "ordered"},
}
PEOPLE = {"as": "crm/shop/people", "query": "select * from people"}


@pytest.fixture(scope="module")
def server():
    running = Postgres()
    yield running
    running.remove()


@pytest.fixture
def postgres(server, monkeypatch):
    """Return a server with a table `orders`; the environment has the server's address."""
    monkeypatch.setenv(URL, server.url())
    monkeypatch.setenv("SENDHOUSE_SOURCE_PEOPLE_URL", server.url())
    server.execute(
        "drop table if exists orders, people",
        "create table orders (id bigint, customer text, amount numeric, updated_at timestamptz)",
    )
    return server


@pytest.fixture
def make(make_landing, postgres):
    def make_one(**sources):
        landing = make_landing(**(sources or {"orders": ORDERS}))
        warehouse.set_clock(landing.connection, Clock(NOON, is_simulated=True))
        return landing

    return make_one


def order(postgres, *rows):
    postgres.execute(*(f"insert into orders values ({n}, 'c', 9.5, '{at}')" for n, at in rows))


def tick(landing):
    [fetched] = fetch_new(landing.settings)
    return fetched, landing.land()


def ids(landing):
    return [int(i) for (i,) in landing.rows("select event_id from raw.events order by event_id")]


def lines(fetched):
    return [
        json.loads(line)
        for file in fetched.files
        for line in (file if file.exists() else put_away(file)).read_text().splitlines()
    ]


def put_away(file):
    """Find the landed file in `.done`."""
    [path] = file.parent.parent.rglob(f".done/**/{file.name}")
    return path


def people(landing):
    return landing.rows(
        "select * exclude (_file_id, _file_no, _line, _received_at) from raw.shop__people"
    )


def test_a_fetch_starts_at_the_last_position(make, postgres):
    landing = make()
    order(postgres, (1, "2024-05-01"), (2, "2024-05-03 10:00:00.000001+02"))
    fetched, [landed] = tick(landing)
    assert (len(fetched.files), landed.rows_landed) == (1, 2)
    assert landing.rows("select occurred_at::varchar, properties from raw.events") == [
        ("2024-05-01 00:00:00+00", '{"amount":9.5}'),
        ("2024-05-03 08:00:00.000001+00", '{"amount":9.5}'),
    ]
    assert tick(landing) == (Fetched("orders"), [])
    order(postgres, (3, "2024-05-04"), (4, "2024-05-02"))
    fetched, [landed] = tick(landing)
    assert [line["id"] for line in lines(fetched)] == [3]
    assert ids(landing) == [1, 2, 3]


def test_a_later_row_with_the_same_cursor_is_fetched(make, postgres):
    landing = make()
    order(postgres, (1, "2024-05-01"), (2, "2024-05-02"))
    tick(landing)
    order(postgres, (3, "2024-05-02"))
    fetched, [landed] = tick(landing)
    assert [line["id"] for line in lines(fetched)] == [2, 3]
    assert (landed.rows_landed, landed.rows_duplicate) == (1, 1)
    assert tick(landing) == (Fetched("orders"), [])
    order(postgres, (4, "2024-05-02"), (5, "2024-05-03"))
    fetched, _ = tick(landing)
    assert [line["id"] for line in lines(fetched)] == [2, 3, 4, 5]
    order(postgres, (6, "2024-05-04"))
    fetched, _ = tick(landing)
    assert [line["id"] for line in lines(fetched)] == [6]
    assert ids(landing) == [1, 2, 3, 4, 5, 6]


def test_the_position_comes_from_landed_and_waiting_files(make, postgres):
    landing = make()
    order(postgres, (1, "2024-05-01"))
    [first] = fetch_new(landing.settings)
    first.files[0].unlink()  # fetched, but deleted before it landed
    order(postgres, (2, "2024-05-02"))
    [second] = fetch_new(landing.settings)
    assert [line["id"] for line in lines(second)] == [1, 2]
    landing.land()
    put_away(second.files[0]).unlink()  # landed, then deleted
    order(postgres, (3, "2024-05-03"))
    [third] = fetch_new(landing.settings)
    assert [line["id"] for line in lines(third)] == [3]
    order(postgres, (4, "2024-05-04"))
    fetch_new(landing.settings)
    third.files[0].unlink()  # a gap: later files do not count
    landing.land()
    tick(landing)
    assert ids(landing) == [1, 2, 3, 4]


def test_a_changed_query_fetches_all_rows_again(make, postgres):
    landing = make()
    order(postgres, (1, "2024-05-01"), (2, "2024-05-02"))
    tick(landing)
    changed = ORDERS | {"query": "select *, 'web' as shop from orders"}
    landing.settings.sources["orders"] = SourceSettings.model_validate(changed)
    fetched, _ = tick(landing)
    assert [line["id"] for line in lines(fetched)] == [1, 2]
    assert ids(landing) == [1, 2]


@pytest.mark.parametrize(
    ("cursor", "values"),
    [
        ("bigint", ["9", "10", "11"]),
        ("numeric", ["9.5", "10.25", "11"]),
        ("double precision", ["0.1", "0.30000000000000004", "1e300"]),
        ("date", ["2024-01-31", "2024-02-01", "2024-02-02"]),
        ("timestamp", ["2024-01-31 10:00", "2024-01-31 10:00:00.000001", "2024-02-01"]),
        ("text", ["a b/c%d", "b:", "é"]),
    ],
)
def test_a_cursor_may_have_any_sortable_type(make, postgres, cursor, values):
    postgres.execute(f"create table people (seen {cursor})")
    landing = make(people=PEOPLE | {"cursor": "seen"})
    for value in values:
        postgres.execute(f"insert into people values ('{value}')")
        fetched, _ = tick(landing)
        assert (len(lines(fetched)), fetched.error) == (1, None)
    assert tick(landing) == (Fetched("people"), [])


@pytest.mark.parametrize(
    ("cursor", "value", "shown"),
    [
        ("timestamptz", "null", "null"),
        ("timestamptz", "'infinity'", "infinity"),
        ("timestamptz", "'2099-01-01'", "2099-01-01 00:00:00+00"),
        ("numeric", "'NaN'", "NaN"),
        ("bigint", "null", "null"),
    ],
)
def test_a_cursor_value_that_would_hide_later_changes_is_refused(
    make, postgres, cursor, value, shown
):
    postgres.execute(
        f"create table people (id int, seen {cursor})",
        f"insert into people select 1, {'1' if cursor in ('bigint', 'numeric') else 'now()'}",
    )
    landing = make(people=PEOPLE | {"cursor": "seen"})
    tick(landing)
    postgres.execute(f"insert into people values (2, {value}), (3, {value})")
    fetched, _ = tick(landing)
    assert fetched.error.startswith(f"a row has the cursor {shown}, and later changes would be")
    assert people(landing) == [("1", people(landing)[0][1])]
    postgres.execute("delete from people where id = 2")
    postgres.execute("update people set seen = (select seen from people where id = 1)")
    assert tick(landing)[0].error is None
    assert {i for i, _ in people(landing)} == {"1", "3"}


def test_crm_values_stay_unchanged_text(make, postgres):
    postgres.execute(
        """create table people (id text, "pct % ""x"" y" numeric, big numeric, born date,
               seen timestamptz, local timestamp, tags text[], more jsonb, vip bool, note text)""",
        """insert into people values ('007', 1.10, 12345678901234567890123.4567890123456789,
               '2024-02-03', '2024-06-01 12:00+02', '2024-06-01 12:00', '{a,"b c"}',
               '{"k": [1]}', true, E'two\\nlines, "quoted"')""",
    )
    landing = make(people=PEOPLE)
    tick(landing)
    columns = 'id, "pct % ""x"" y", big, born, seen, local, tags, more, vip, note'
    assert landing.rows(f"select {columns} from raw.shop__people") == [
        (
            "007", "1.10", "12345678901234567890123.4567890123456789", "2024-02-03",
            "2024-06-01T10:00:00+00:00", "2024-06-01T12:00:00", '["a","b c"]', '{"k": [1]}',
            "true", 'two\nlines, "quoted"',
        )
    ]  # fmt: skip


def test_without_a_cursor_a_changed_result_lands_whole(make, postgres):
    postgres.execute("create table people (id int)", "insert into people values (2), (1)")
    landing = make(people=PEOPLE)
    [file] = tick(landing)[0].files
    assert tick(landing) == (Fetched("people"), [])
    put_away(file).unlink()
    postgres.execute("delete from people", "insert into people values (1), (2)")
    assert tick(landing) == (Fetched("people"), [])
    postgres.execute("insert into people values (3)")
    assert len(lines(tick(landing)[0])) == 3


def test_a_full_snapshot_that_returns_to_earlier_content_lands_again(make, postgres):
    postgres.execute("create table people (id int)", "insert into people values (1), (2), (3)")
    postgres.execute("insert into people select generate_series(4, 9)")
    landing = make(people=PEOPLE | {"snapshot": "full"})
    tick(landing)
    postgres.execute("insert into people values (10)")
    tick(landing)
    postgres.execute("delete from people where id = 10")
    _, [landed] = tick(landing)
    assert landed.rows_landed == 9
    assert tick(landing) == (Fetched("people"), [])
    assert landing.rows("select rows_landed, is_full from raw.files order by file_no") == [
        (9, True),
        (10, True),
        (9, True),
    ]


@pytest.mark.parametrize(
    "query",
    [
        "select * from people where name like '%a%' and id % 2 = 1;\n",
        "with odd as (select * from people where id % 2 = 1) select * from odd -- $1 %s",
    ],
)
def test_the_query_runs_unchanged(make, postgres, query):
    postgres.execute(
        "create table people (id int, name text)",
        "insert into people values (1, 'anna'), (2, 'paul'), (3, 'bea')",
    )
    landing = make(people=PEOPLE | {"query": query, "cursor": "id"})
    tick(landing)
    postgres.execute("insert into people values (5, 'ada')")
    tick(landing)
    assert people(landing) == [("1", "anna"), ("3", "bea"), ("5", "ada")]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ({"query": "select * from missing"}, 'relation "missing" does not exist'),
        ({"query": "select 1 as a, 2 as a"}, "a column name twice: a: use an alias"),
        ({"query": "delete from people returning *"}, "syntax error"),
        ({"query": "select nextval('numbers')"}, "read-only transaction"),
        ({"query": "select 1/(id - id) from people"}, "DivisionByZero (22012)"),
        ({"query": "select id::text::inet from people"}, "InvalidTextRepresentation (22P02)"),
        ({"cursor": "changed"}, "columns that the query does not return: changed"),
        ({"columns": {"email": "Mail"}}, "does not return: Mail"),
        ({"received_at": "column:seen"}, "does not return: seen"),
    ],
)
def test_an_invalid_source_is_reported_and_lands_nothing(make, postgres, source, problem):
    postgres.execute(
        "create table people (id int)",
        "insert into people values (1)",
        "create sequence if not exists numbers",
    )
    landing = make(people=PEOPLE | source)
    fetched, landed = tick(landing)
    assert problem in fetched.error
    assert (fetched.files, landed) == ([], [])
    assert list((landing.settings.landing_dir / "people").iterdir()) == []


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (None, f"missing environment variable: set {URL}"),
        ("mysql://me:hunter2@127.0.0.1/shop", f"invalid environment variable: {URL}"),
        ("postgresql://me:hunter2@127.0.0.1:1/shop", "Connection refused"),
    ],
)
def test_an_invalid_address_is_reported_without_the_password(make, monkeypatch, url, problem):
    landing = make()
    monkeypatch.delenv(URL)
    if url is not None:
        monkeypatch.setenv(URL, url)
    [fetched] = fetch_new(landing.settings)
    assert problem in fetched.error
    assert URL in fetched.error
    assert "hunter2" not in fetched.error


def test_url_env_names_the_variable_with_the_address(make, postgres, monkeypatch):
    monkeypatch.delenv(URL)
    monkeypatch.setenv("SHOP_DATABASE", postgres.url())
    order(postgres, (1, "2024-05-01"))
    assert tick(make(orders=ORDERS | {"url_env": "SHOP_DATABASE"}))[0].error is None


def test_text_in_an_unknown_encoding_is_reported_and_lands_nothing(make, postgres, monkeypatch):
    postgres.execute(
        "drop database if exists bytes",
        "create database bytes encoding 'SQL_ASCII' locale 'C' template template0",
    )
    monkeypatch.setenv("SENDHOUSE_SOURCE_PEOPLE_URL", postgres.url().replace("/postgres", "/bytes"))
    query = "select 'Zoë' as name union all select E'Zo\\xEB' from pg_class limit 2"
    landing = make(people=PEOPLE | {"query": query})
    fetched, landed = tick(landing)
    assert "CharacterNotInRepertoire (22021)" in fetched.error
    assert (fetched.files, landed) == ([], [])


def test_a_server_crash_during_the_query_lands_nothing_and_the_next_fetch_lands_all(make, postgres):
    order(postgres, (1, "2024-05-01"), (2, "2024-05-02"))
    slow = "select orders.*, pg_sleep(30)::text as slow from orders"
    landing = make(orders=ORDERS | {"query": slow}, shop={"as": "events", "query": "select 1"})
    os.environ["SENDHOUSE_SOURCE_SHOP_URL"] = "not an address"
    crash = threading.Thread(target=lambda: (postgres.wait_for_sleeper(), postgres.crash()))
    crash.start()
    try:
        fetched, other = fetch_new(landing.settings)
        crash.join()
    finally:
        del os.environ["SENDHOUSE_SOURCE_SHOP_URL"]
        postgres.start()
    assert "this fetch landed nothing, the next tick repeats it" in fetched.error
    assert "invalid environment variable" in other.error
    assert landing.land() == []
    assert unfetched(landing.connection, landing.settings) == [str(fetched), str(other)]
    landing.settings.sources.pop("shop")
    landing.settings.sources["orders"] = SourceSettings.model_validate(ORDERS)
    tick(landing)
    assert ids(landing) == [1, 2]
    assert unfetched(landing.connection, landing.settings) == []


def many_orders(postgres):
    postgres.execute(
        """insert into orders
           select n, 'c' || n, n, timestamptz '2024-01-01' + n * interval '1 second'
           from generate_series(1, 20000) as n"""
    )


def test_a_broken_connection_lands_nothing_and_the_next_fetch_lands_all(
    make, postgres, monkeypatch
):
    many_orders(postgres)
    landing = make()
    proxy = Proxy(postgres.port, after=500_000)
    monkeypatch.setenv(URL, postgres.url(proxy.port))
    fetched, landed = tick(landing)
    assert proxy.reached.is_set()
    assert (fetched.files, landed) == ([], [])
    assert fetched.error is not None
    assert list((landing.settings.landing_dir / "orders").iterdir()) == []
    proxy.close()
    monkeypatch.setenv(URL, postgres.url())
    assert [file.rows_landed for file in tick(landing)[1]] == [20_000]


def test_a_killed_fetch_is_repeated(postgres, tmp_path, monkeypatch):
    many_orders(postgres)
    monkeypatch.setenv("SENDHOUSE_HOME", str(tmp_path / "var"))
    monkeypatch.setenv("SENDHOUSE_SOURCES", json.dumps({"orders": ORDERS}))
    settings = load_settings()
    warehouse.create(settings.warehouse_path)
    with warehouse.connect(settings.warehouse_path) as connection:
        warehouse.set_clock(connection, Clock(NOON, is_simulated=True))
    proxy = Proxy(postgres.port, after=500_000, stalls=True)
    monkeypatch.setenv(URL, postgres.url(proxy.port))
    child = subprocess.Popen([sys.executable, "-c", FETCH], cwd=PROJECT)
    assert proxy.reached.wait(60)
    # The fetch does not hold the warehouse.
    with warehouse.connect(settings.warehouse_path) as connection:
        assert land_new(connection, settings, NOON) == []
    child.kill()
    child.wait()
    proxy.close()
    folder = settings.landing_dir / "orders"
    assert [file.name for file in folder.iterdir()] == [".fetching.tmp"]

    monkeypatch.setenv(URL, postgres.url())
    [fetched] = fetch_new(settings)
    assert list(folder.iterdir()) == fetched.files
    with warehouse.connect(settings.warehouse_path) as connection:
        assert [file.rows_landed for file in land_new(connection, settings, NOON)] == [20_000]


def test_rows_are_streamed_in_bounded_memory(make, postgres):
    wide = "select n as id, repeat(md5(n::text), 32) as text from generate_series(1, 80000) as n"
    landing = make(people=PEOPLE | {"query": wide})
    child = f"""
import resource
from pathlib import Path
from dagster_project.landing import parse_kind
from dagster_project.landing.fetch import postgres
from dagster_project.home.source_settings import SourceSettings
source = SourceSettings.model_validate({PEOPLE | {"query": wide}!r})
kind = parse_kind("people", {{"people": source}})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
[file] = postgres.fetch(kind, Path({str(landing.settings.home)!r}), set())
assert file.stat().st_size > 80_000_000
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", child], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 24_000_000


def test_the_transaction_is_repeatable_read_and_read_only(make, postgres):
    landing = make(people=PEOPLE | {"query": "show_settings()"})
    query = """select current_setting('transaction_isolation') as isolation,
                      current_setting('transaction_read_only') as read_only"""
    landing.settings.sources["people"] = SourceSettings.model_validate(PEOPLE | {"query": query})
    tick(landing)
    assert people(landing) == [("repeatable read", "on")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"cursor": "id"},
        {"url_env": "X"},
        {"query": "select 1", "path": "/data/*.csv"},
        {"query": "select 1", "format": "csv"},
        {"query": "select 1", "endpoint_url": "http://127.0.0.1:1"},
    ],
)
def test_contradicting_places_of_a_source_are_refused(wrong):
    with pytest.raises(ValueError, match=r"need a 'query'|a source with a 'query'|on S3"):
        SourceSettings.model_validate({"as": "events"} | wrong)
