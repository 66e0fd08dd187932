"""Landing 400,000 rows of each format against DuckDB's `create table as` of the same file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import landing
from benchmarks._measure import Comparison, Scale, call

_SHARED = """
    uuid()::varchar as {id},
    'person' || i % 50000 || '@example.com' as {email},
    strftime(timestamp '2026-01-01' + to_seconds(i % 5000000), '%Y-%m-%dT%H:%M:%SZ') as {time},
    ['Pro', 'Team', 'Small, yearly', ''][1 + i % 4] as plan,
    i % 997 || '.50' as amount,
    'https://shop.example/products/' || i % 7919 || '?ref=mail' as page,
    case when i % 5 = 0 then 'said "call back", then left' else '' end as note,
    ['DE', 'FR', 'US'][1 + i % 3] as country
    from range($rows) as numbers (i)
"""
_QUERIES = {
    "events": "select ['page_viewed', 'purchase_completed'][1 + i % 2] as name, "
    + _SHARED.format(id="event_id", email="contact_key", time="occurred_at"),
    "crm/standard/contacts": "select 'Jo' || i % 400 as first_name, 'Doe' || i % 9000 as last_name,"
    + _SHARED.format(id="contact_id", email="email", time="updated_at"),
}
_READERS = {
    "CSV": "read_csv($path, all_varchar = true, header = true)",
    "JSONL": "read_json($path, format = 'newline_delimited', columns = {columns})",
    "Parquet": "read_parquet($path)",
    "CSV, UTF-16": "read_csv($path, all_varchar = true, header = true, encoding = 'utf-16')",
    # In parallel, DuckDB loses a fifth of the rows after a stray quote.
    "CSV with a stray quote": "read_csv($path, all_varchar = true, header = true, delim = ',', "
    "quote = '\"', escape = '\"', ignore_errors = true, parallel = false)",
}
_ENDINGS = {"JSONL": "jsonl", "Parquet": "parquet"}


def comparisons(scale: Scale, scratch: Path) -> Iterator[Comparison]:
    """Compare each format, as events and as a CRM export; in a quick run only one."""
    rows = scale.of(400_000, 2_000)
    forms = ["JSONL"] if scale.quick else list(_READERS)
    for form in forms:
        reader = _READERS[form]
        for kind, query in _QUERIES.items():
            path = scratch / f"a.{_ENDINGS.get(form, 'csv')}"
            call(write_file, query=query, rows=rows, path=path, form=form)
            yield Comparison(
                f"land {rows:,} rows as {kind.split('/', maxsplit=1)[0]} ({form})",
                lambda path=path, kind=kind: call(
                    landing.land, path=path, kind=kind, rows=rows - 10
                ),
                "create table as select",
                lambda path=path, kind=kind, reader=reader: call(
                    copy, path=path, reader=reader, kind=kind, rows=rows - 10
                ),
            )
            path.unlink()


def write_file(query: str, rows: int, path: str, form: str) -> dict[str, float]:
    """Write the file to land."""
    import duckdb

    started = time.perf_counter()
    options = {"JSONL": "format json", "Parquet": "format parquet"}.get(form, "header")
    duckdb.execute(f"copy ({query}) to '{path}' ({options})", {"rows": rows})
    if form == "CSV, UTF-16":
        file = Path(path)
        file.write_text(file.read_text(encoding="utf-8"), encoding="utf-16")
    elif form == "CSV with a stray quote":
        file = Path(path)
        content = file.read_text(encoding="utf-8")
        half = content.index(",https:", len(content) // 2)
        file.write_text(content[:half] + ',"TV' + content[half + 1 :], encoding="utf-8")
    return {"seconds": time.perf_counter() - started}


def copy(path: str, reader: str, kind: str, rows: int) -> dict[str, float]:
    """Copy the file to a table of texts, without checks."""
    from tempfile import TemporaryDirectory

    from dagster_project.home import warehouse

    with TemporaryDirectory() as home:
        place = Path(home) / "warehouse.duckdb"
        warehouse.create(place)
        with warehouse.connect(place) as connection:
            if "{columns}" in reader:
                named = connection.execute(f"describe {_QUERIES[kind].replace('$rows', '1')}")
                columns = ", ".join(f"'{name}': 'varchar'" for name, *_ in named.fetchall())
                reader = reader.replace("{columns}", f"{{{columns}}}")
            started = time.perf_counter()
            [(copied,)] = connection.execute(
                f"create table raw.copied as select * from {reader}", {"path": path}
            ).fetchall()
            seconds = time.perf_counter() - started
    if copied < rows:
        raise RuntimeError(f"{copied} rows instead of {rows}")
    return {"seconds": seconds}
