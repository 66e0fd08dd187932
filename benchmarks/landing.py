"""Landing a big file, against DuckDB's own reader inserting the same rows unchecked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks._measure import Comparison, Scale, call

_LANDED_AT = datetime(2026, 3, 2, tzinfo=UTC)
_EVENTS = """
    select
        'e' || i as event_id,
        'person' || i % 50000 || '@example.com' as contact_key,
        ['page_viewed', 'feature_used', 'signed_up', 'purchase_completed'][1 + i % 4] as name,
        strftime(timestamp '2026-01-01' + to_seconds(i % 5000000), '%Y-%m-%dT%H:%M:%SZ')
            as occurred_at,
        { 'page': '/pricing/' || i % 100, 'amount': i % 997, 'plan': 'team' } as properties
    from range($rows) as numbers (i)
"""
_CONTACTS = """
    select
        'c' || i as contact_id, 'person' || i || '@example.com' as email,
        'Jo' || i % 400 as first_name, 'Doe' || i % 9000 as last_name,
        'Head of "Ops", ' || i % 12 as job_title, '+49 40 ' || i as phone, 'Germany' as country,
        'Europe/Berlin' as timezone, 'de' as language, 'lead' as lifecycle_stage,
        'Ada' as owner_name, 'ada@northwind.example' as owner_email, 'k' || i % 7000 as company_id,
        'true' as marketing_consent, '2026-01-01T09:30:00Z' as consent_at,
        '2025-11-01T09:30:00Z' as created_at, '2026-02-01T09:30:00Z' as updated_at,
        'web' as source, 'gold' as tier, 'free text of customer ' || i as notes
    from range($rows) as numbers (i)
"""


def comparisons(scale: Scale, scratch: Path) -> Iterator[Comparison]:
    """JSONL events and CSV contacts."""
    events, contacts = scratch / "events.jsonl", scratch / "contacts.csv"
    rows = {events: scale.of(1_000_000, 2_000), contacts: scale.of(200_000, 2_000)}
    call(write_file, query=_EVENTS, rows=rows[events], path=events)
    call(write_file, query=_CONTACTS, rows=rows[contacts], path=contacts)
    yield Comparison(
        f"land {rows[events]:,} events (JSONL)",
        lambda: call(land, path=events, kind="events", rows=rows[events]),
        "insert … select from read_json",
        lambda: call(insert_events, path=events, rows=rows[events]),
    )
    yield Comparison(
        f"land {rows[contacts]:,} contacts x 20 (CSV)",
        lambda: call(land, path=contacts, kind="crm/standard/contacts", rows=rows[contacts]),
        "insert … select from read_csv",
        lambda: call(insert_contacts, path=contacts, rows=rows[contacts]),
    )


def write_file(query: str, rows: int, path: str) -> dict[str, float]:
    """Make the file to land."""
    import duckdb

    started = time.perf_counter()
    options = "header" if path.endswith(".csv") else "format json"
    duckdb.execute(f"copy ({query}) to '{path}' ({options})", {"rows": rows})
    return {"seconds": time.perf_counter() - started}


def land(path: str, kind: str, rows: int) -> dict[str, float]:
    """Land the file in a warehouse of its own."""
    from tempfile import TemporaryDirectory

    from dagster_project import installation, warehouse
    from dagster_project.landing import land_file
    from dagster_project.settings import load_settings

    with TemporaryDirectory() as home:
        settings = load_settings(home=Path(home))
        installation.create(settings)
        with warehouse.connect(settings.warehouse_path) as connection:
            started = time.perf_counter()
            landed = land_file(connection, Path(path), kind, settings, _LANDED_AT)
            seconds = time.perf_counter() - started
    if landed.rows_landed != rows:
        raise RuntimeError(str(landed))
    return {"seconds": seconds}


def insert_events(path: str, rows: int) -> dict[str, float]:
    """Insert the events with nothing checked."""
    return _insert(
        """insert into raw.events
           select event_id, contact_key, name, occurred_at, $now, properties, 'f'
           from read_json($path, format = 'newline_delimited', columns = {
               'event_id': 'varchar', 'contact_key': 'varchar', 'name': 'varchar',
               'occurred_at': 'timestamptz', 'properties': 'json'})""",
        {"path": path, "now": _LANDED_AT},
        rows,
    )


def insert_contacts(path: str, rows: int) -> dict[str, float]:
    """Insert the contacts as text, with nothing checked."""
    return _insert(
        """create table raw.copied as
           select $now as received_at, * from read_csv($path, all_varchar = true, header = true)""",
        {"path": path, "now": _LANDED_AT},
        rows,
    )


def _insert(statement: str, parameters: dict[str, object], rows: int) -> dict[str, float]:
    from tempfile import TemporaryDirectory

    from dagster_project import warehouse

    with TemporaryDirectory() as home:
        path = Path(home) / "warehouse.duckdb"
        warehouse.create(path)
        with warehouse.connect(path) as connection:
            started = time.perf_counter()
            inserted = connection.execute(statement, parameters).fetchone()
            seconds = time.perf_counter() - started
    if inserted != (rows,):
        raise RuntimeError(f"{inserted} rows instead of {rows}")
    return {"seconds": seconds}
