"""The copy that BI reads: one DuckDB file, and one Parquet file per table."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from dagster_project.home import private, warehouse
from dagster_project.home.settings import Settings
from dagster_project.home.sql import identifier, literal

# Schemas that are published completely, and single tables of other schemas.
PUBLISHED_SCHEMAS = ("funnels", "ledger", "audit")
PUBLISHED_TABLES = (
    ("segments", "membership"),
    ("scores", "totals"),
    ("delivery", "send_gates"),
    ("control", "published"),
)
# Published as Parquet after a backfill. A tick does not change these tables, and copying years of
# days would slow down every tick.
BACKFILLED_TABLES = (("segments", "membership_daily"), ("scores", "daily"))

# The oldest storage version of DuckDB: every client since DuckDB 1.0 opens the copy. Evidence and
# the clients for Go, .NET and Node.js follow new versions late.
STORAGE_VERSION = "v1.0.0"


@dataclass(frozen=True)
class Published:
    """Published rows by `schema.table`, and the size of the DuckDB file in bytes."""

    rows: dict[str, int]
    bytes: int


def is_published(schema: str, table: str) -> bool:
    """Whether a table of the warehouse is published."""
    return schema in PUBLISHED_SCHEMAS or (schema, table) in PUBLISHED_TABLES


def publish(settings: Settings) -> Published:
    """Copy the published tables to `serving/`; a reader never sees a partial file.

    The new DuckDB file is renamed over the old file: a reader with an open file keeps reading the
    old content. Then the Parquet files are renamed one by one. A program that had opened the old
    copy for writing may have left `analytics.duckdb.wal`: beside the new copy, this file would make
    the copy unreadable, so it is removed. `control.published` says so.
    """
    serving = settings.serving_dir
    scratch = serving / ".next"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    copy = scratch / "analytics.duckdb"
    published = serving / copy.name
    wal = serving / f"{copy.name}.wal"
    with warehouse.connect(settings.warehouse_path) as connection:
        _note(connection, _WAL_REMOVED.format(wal=wal) if wal.exists() else None)
        rows = _copy_tables(connection, copy, scratch)
    wal.unlink(missing_ok=True)
    private.share(copy, settings)
    copy.rename(published)
    for path in sorted(scratch.glob("*.parquet")):
        private.share(path, settings)
        path.rename(serving / path.name)
    for path in serving.glob("*.parquet"):
        if path.stem not in (*rows, *map(".".join, BACKFILLED_TABLES)):
            path.unlink()  # a table that is no longer published
    scratch.rmdir()
    return Published(rows=rows, bytes=published.stat().st_size)


def publish_backfilled(settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
    """Write the daily tables to `serving/` as Parquet; a reader never sees a partial file."""
    settings.serving_dir.mkdir(parents=True, exist_ok=True)
    for schema, table in BACKFILLED_TABLES:
        path = settings.serving_dir / f"{schema}.{table}.parquet"
        unfinished = path.with_suffix(".next")
        relation = connection.table(f'"{schema}"."{table}"').order("all")
        relation.write_parquet(str(unfinished), compression="zstd")
        private.share(unfinished, settings)
        unfinished.rename(path)


_WAL_REMOVED = "removed {wal}: a program had opened the copy for writing; open it read-only"


def _note(connection: duckdb.DuckDBPyConnection, note: str | None) -> None:
    """Replace the row of `control.published`."""
    connection.execute("delete from control.published")
    connection.execute(
        "insert into control.published select max(as_of), ?, ? from control.clock",
        [datetime.now(UTC), note],
    )


def _copy_tables(
    connection: duckdb.DuckDBPyConnection, copy: Path, scratch: Path
) -> dict[str, int]:
    found = connection.execute(
        "select table_schema, table_name from information_schema.tables order by all"
    ).fetchall()
    rows: dict[str, int] = {}
    connection.execute(f"attach ? as serving (storage_version '{STORAGE_VERSION}')", [str(copy)])
    connection.execute("begin")  # otherwise each comment is a commit
    for schema, table in found:
        if not is_published(schema, table):
            continue
        relation = connection.table(f'"{schema}"."{table}"')
        connection.execute(f'create schema if not exists serving."{schema}"')
        relation.create(f'serving."{schema}"."{table}"')
        relation.write_parquet(str(scratch / f"{schema}.{table}.parquet"), compression="zstd")
        rows[f"{schema}.{table}"] = relation.count("*").fetchall()[0][0]
    _copy_comments(connection)
    connection.execute("commit")
    connection.execute("detach serving")
    return rows


def _copy_comments(connection: duckdb.DuckDBPyConnection) -> None:
    """Copy the descriptions of tables and columns; dbt wrote them (`persist_docs`)."""
    comments = connection.execute(
        """select 'table', [schema_name, table_name], comment from duckdb_tables()
        where database_name = current_database() and comment is not null
        union all
        select 'table', [schema_name, view_name], comment from duckdb_views()
        where database_name = current_database() and comment is not null
        union all
        select 'column', [schema_name, table_name, column_name], comment from duckdb_columns()
        where database_name = current_database() and comment is not null"""
    ).fetchall()
    for kind, name, comment in comments:
        if is_published(*name[:2]):
            place = ".".join(identifier(part) for part in ("serving", *name))
            connection.execute(f"comment on {kind} {place} is {literal(comment)}")
