"""Landing: large files against DuckDB's readers, and a small file against an empty warehouse."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks._measure import Comparison, Scale, call

_LANDED_AT = datetime(2026, 3, 2, tzinfo=UTC)
_EVENTS = """
    select
        uuid()::varchar as event_id,
        'person' || i % 50000 || '@example.com' as contact_key,
        ['page_viewed', 'feature_used', 'signed_up', 'purchase_completed'][1 + i % 4] as name,
        strftime(timestamp '2026-01-01' + to_seconds(i % 5000000), '%Y-%m-%dT%H:%M:%SZ')
            as occurred_at,
        { 'page': '/pricing/' || i % 100, 'amount': i % 997, 'plan': 'team' } as properties
    from range($rows) as numbers (i)
"""
_CONTACTS = f"""
    select
        'c' || i as contact_id, 'person' || i || '@example.com' as email,
        'Jo' || i % 400 as first_name, 'Doe' || i % 9000 as last_name,
        'Head of "Ops", ' || i % 12 as job_title, '+49 40 ' || i as phone, 'Germany' as country,
        'Europe/Berlin' as timezone, 'de' as language, 'lead' as lifecycle_stage,
        'Ada' as owner_name, 'ada@northwind.example' as owner_email, 'k' || i % 7000 as company_id,
        'true' as marketing_consent, '2026-01-01T09:30:00Z' as consent_at,
        '2025-11-01T09:30:00Z' as created_at, '2026-02-01T09:30:00Z' as updated_at,
        'free text of customer ' || i as notes,
        {", ".join(f"'value ' || i % {place * 37} as field_{place}" for place in range(1, 23))}
    from range($rows) as numbers (i)
"""


def comparisons(scale: Scale, scratch: Path) -> Iterator[Comparison]:
    """Compare events as packed JSONL, contacts as CSV, and a small file in a full warehouse."""
    events, contacts = scratch / "events.jsonl.zst", scratch / "contacts.csv"
    rows = {events: scale.of(10_000_000, 2_000), contacts: scale.of(1_000_000, 2_000)}
    call(write_file, query=_EVENTS, rows=rows[events], path=events)
    yield Comparison(
        f"land {rows[events]:,} events (JSONL, zstd)",
        lambda: call(land, path=events, kind="events", rows=rows[events]),
        "insert … select from read_json",
        lambda: call(insert_events, path=events, rows=rows[events]),
    )
    events.unlink()
    call(write_file, query=_CONTACTS, rows=rows[contacts], path=contacts)
    yield Comparison(
        f"land {rows[contacts]:,} contacts x 40 (CSV)",
        lambda: call(land, path=contacts, kind="crm/standard/contacts", rows=rows[contacts]),
        "insert … select from read_csv",
        lambda: call(insert_contacts, path=contacts, rows=rows[contacts]),
    )
    contacts.unlink()
    there = scale.of(100_000_000, 2_000)
    full, empty = scratch / "full", scratch / "empty"
    call(fill, home=full, rows=there)
    call(fill, home=empty, rows=0)
    yield Comparison(
        f"land 1,000 events on top of {there:,}",
        lambda: call(land_some, home=full),
        "the same in an empty warehouse",
        lambda: call(land_some, home=empty),
        repeat=5,
    )


def write_file(query: str, rows: int, path: str) -> dict[str, float]:
    """Write the file to land."""
    import duckdb

    started = time.perf_counter()
    options = "header" if path.endswith(".csv") else "format json"
    options += ", compression zstd" if path.endswith(".zst") else ""
    duckdb.execute(f"copy ({query}) to '{path}' ({options})", {"rows": rows})
    return {"seconds": time.perf_counter() - started}


def land(path: str, kind: str, rows: int) -> dict[str, float]:
    """Land the file in a new warehouse."""
    from tempfile import TemporaryDirectory

    from dagster_project.home import warehouse
    from dagster_project.home.settings import load_settings
    from dagster_project.landing import land_file
    from dagster_project.tick import installation

    with TemporaryDirectory() as home:
        settings = load_settings(home=Path(home))
        installation.create(settings)
        with warehouse.connect(settings.warehouse_path) as connection:
            started = time.perf_counter()
            landed = land_file(connection, Path(path), kind, settings, _LANDED_AT)
            seconds = time.perf_counter() - started
    if landed.rows_landed < rows:
        raise RuntimeError(str(landed))
    return {"seconds": seconds}


def fill(home: str, rows: int) -> dict[str, float]:
    """Make a warehouse with `rows` landed events, ten thousand per file."""
    from dagster_project.home import warehouse
    from dagster_project.home.settings import load_settings
    from dagster_project.tick import installation

    started = time.perf_counter()
    settings = load_settings(home=Path(home))
    installation.create(settings)
    with warehouse.connect(settings.warehouse_path) as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute(
            f"""insert into raw.events by name
                select
                    * replace (occurred_at::timestamptz as occurred_at),
                    hash(event_id) as event_hash, occurred_at::timestamptz as received_at,
                    'f' || file_no as file_id
                from (select *, 1 + row_number() over () // 10000 as file_no from ({_EVENTS}))""",
            {"rows": rows},
        )
        connection.execute(
            """insert into raw.files by name
               select
                   file_id, file_no, file_id as path, file_id as sha256, 'events' as kind,
                   'events' as table_name, false as is_full, count(*) as rows_landed,
                   0 as rows_duplicate, 0 as rows_rejected, 0 as bytes, 0 as modified_ns,
                   '' as mapping, [] as notices, min(received_at) as landed_at
               from raw.events group by file_id, file_no"""
        )
    land_some(home)  # creates the files beside the warehouse
    return {"seconds": time.perf_counter() - started}


def land_some(home: str) -> dict[str, float]:
    """Land one more file, and open and close the warehouse for it."""
    from dagster_project.home import warehouse
    from dagster_project.home.settings import load_settings
    from dagster_project.landing import land_file

    settings = load_settings(home=Path(home))
    path = Path(home) / "more.jsonl"
    write_file(_EVENTS, 1_000, str(path))
    started = time.perf_counter()
    with warehouse.connect(settings.warehouse_path) as connection:
        landed = land_file(connection, path, "events", settings, _LANDED_AT)
    seconds = time.perf_counter() - started
    if landed.rows_landed != 1_000:
        raise RuntimeError(str(landed))
    return {"seconds": seconds}


def insert_events(path: str, rows: int) -> dict[str, float]:
    """Insert the events without checks."""
    return _insert(
        """insert into raw.bare
           select event_id, contact_key, name, occurred_at, $now, properties, 'f'
           from read_json($path, format = 'newline_delimited', columns = {
               'event_id': 'varchar', 'contact_key': 'varchar', 'name': 'varchar',
               'occurred_at': 'timestamptz', 'properties': 'json'})""",
        {"path": path, "now": _LANDED_AT},
        rows,
    )


def insert_contacts(path: str, rows: int) -> dict[str, float]:
    """Insert the contacts as text, without checks."""
    return _insert(
        """create table raw.copied as
           select $now as received_at, * from read_csv($path, all_varchar = true, header = true)""",
        {"path": path, "now": _LANDED_AT},
        rows,
    )


def _insert(statement: str, parameters: dict[str, object], rows: int) -> dict[str, float]:
    from tempfile import TemporaryDirectory

    from dagster_project.home import warehouse

    with TemporaryDirectory() as home:
        path = Path(home) / "warehouse.duckdb"
        warehouse.create(path)
        with warehouse.connect(path) as connection:
            connection.execute(
                """create table raw.bare (
                       event_id varchar, contact_key varchar, name varchar,
                       occurred_at timestamptz, received_at timestamptz, properties json,
                       file_id varchar
                   )"""
            )
            started = time.perf_counter()
            inserted = connection.execute(statement, parameters).fetchone()
            seconds = time.perf_counter() - started
    if inserted != (rows,):
        raise RuntimeError(f"{inserted} rows instead of {rows}")
    return {"seconds": seconds}
