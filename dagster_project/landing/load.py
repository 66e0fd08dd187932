"""From files to rows of `raw.*`: each file once, in one transaction."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb

from dagster_project.landing import crm, facts
from dagster_project.landing.declared import read_declared
from dagster_project.landing.errors import FileChangedError, FileRejectedError, KindError
from dagster_project.landing.files import State, discover, sha256_of, state_of
from dagster_project.landing.kinds import Kind, parse_kind
from dagster_project.landing.readers import Rows, format_of, open_repaired, open_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from dagster_project.settings import Settings

# What DuckDB says of a file's content; that memory or disk ran out is not the file's fault.
_UNREADABLE = (
    duckdb.InvalidInputException,
    duckdb.ConversionException,
    duckdb.SerializationException,
    duckdb.InvalidTypeException,
)

_JUDGED = "landing_judged"
"""Temporary table: a file's rows in file order, each with its values or its problem."""


@dataclass(frozen=True)
class LandedFile:
    """What became of a file."""

    path: Path
    kind: str
    file_id: str
    rows_landed: int = 0
    rows_duplicate: int = 0
    rows_rejected: int = 0
    already_landed: bool = False
    """Its content has been dealt with before; the counts are of this time, so 0."""
    error: str | None = None
    """Why it did not land at all. Holds nothing of the file's content."""

    def __str__(self) -> str:
        if self.error is not None:
            return f"{self.path} ({self.kind}): not landed: {self.error}"
        if self.already_landed:
            return f"{self.path} ({self.kind}): already landed"
        if not (self.rows_landed or self.rows_duplicate or self.rows_rejected):
            return f"{self.path} ({self.kind}): no rows in it"
        return (
            f"{self.path} ({self.kind}): {self.rows_landed:,} rows landed, "
            f"{self.rows_duplicate:,} duplicate, {self.rows_rejected:,} rejected"
        )


@dataclass(frozen=True)
class _Fingerprint:
    """Which file this is, and how it was to be read."""

    file_id: str
    sha256: str
    state: State
    mapping: str


def land_new(
    connection: duckdb.DuckDBPyConnection, settings: Settings, landed_at: datetime
) -> list[LandedFile]:
    """Land every file that is new in `landing/` or under a source's path.

    Args:
        connection: the warehouse, from `warehouse.connect`.
        settings: where files are and how sources are read.
        landed_at: the time that this counts as.

    Returns:
        What became of each, ordered by kind and path. Files seen before are not in it.

    """
    return [
        land_file(connection, path, kind, settings, landed_at)
        for kind, path in _pending(connection, settings)
    ]


def pending_files(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[Path]:
    """Files that the next `land_new` would look into, ordered by kind and path."""
    return [path for _, path in _pending(connection, settings)]


def _pending(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> Iterator[tuple[str, Path]]:
    seen = {
        (kind, path): (State(size, modified_ns), None if error is None else mapping)
        for path, kind, size, modified_ns, error, mapping in connection.execute(
            """select seen.path, seen.kind, seen.bytes, seen.modified_ns, files.error, files.mapping
               from raw.file_paths as seen join raw.files as files using (file_id)"""
        ).fetchall()
    }
    for kind, path in discover(settings):
        state, failed_with = seen.get((kind, str(path)), (None, None))
        try:
            unchanged = state == state_of(path)
        except FileChangedError:
            continue
        if not unchanged or failed_with not in (None, _mapping(kind, settings)):
            yield kind, path


def land_file(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    kind: str,
    settings: Settings,
    landed_at: datetime,
) -> LandedFile:
    """Land one file: its rows, what is wrong with others, and the file's own row, or nothing.

    A file whose content landed before as this kind is left alone. So is one that failed, until its
    content changes or the source that it is read with does.

    Args:
        connection: the warehouse, from `warehouse.connect` (session time zone UTC), not in a
            transaction.
        path: the file.
        kind: `events`, `tracking`, `crm/<source>/<object>` or a source's name.
        settings: how sources are read, and the project whose models declare CRM tables.
        landed_at: the time that this counts as, with a time zone.

    Returns:
        What became of it. Nothing is raised for what is wrong with the file or its kind: that is in
        `error` and `raw.rejects`.

    """
    if landed_at.tzinfo is None:
        raise ValueError("landed_at needs a time zone")
    try:
        state = state_of(path)
        sha256 = sha256_of(path)
    except (FileChangedError, OSError) as error:
        reason = str(error) if isinstance(error, FileChangedError) else f"{error.strerror}"
        return LandedFile(path, kind, "", error=reason)
    file = _Fingerprint(
        hashlib.sha256(f"{kind}\n{sha256}".encode()).hexdigest()[:32],
        sha256,
        state,
        _mapping(kind, settings),
    )
    known = connection.execute(
        "select error, mapping from raw.files where file_id = $id", {"id": file.file_id}
    ).fetchone()
    if known is not None and (known[0] is None or known[1] == file.mapping):
        with _transaction(connection):
            _see(connection, file, path, kind)
        return LandedFile(path, kind, file.file_id, already_landed=True, error=known[0])
    try:
        return _land(
            connection, path, parse_kind(kind, settings.sources), settings, file, landed_at
        )
    except (KindError, FileRejectedError) as error:
        landed = LandedFile(path, kind, file.file_id, error=str(error))
        with _transaction(connection):
            _record(connection, file, landed, landed_at)
            content = error.content if isinstance(error, FileRejectedError) else None
            connection.execute(
                "insert into raw.rejects values ($id, null, $reason, $content)",
                {"id": file.file_id, "reason": str(error), "content": content},
            )
        return landed
    except FileChangedError as error:
        return LandedFile(path, kind, file.file_id, error=str(error))


def _land(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    kind: Kind,
    settings: Settings,
    file: _Fingerprint,
    landed_at: datetime,
) -> LandedFile:
    with _judged(connection, path, kind, settings, landed_at) as (rows, columns):
        right = _count(connection, "where _problem is null")
        wrong = _count(connection, "where _problem <> ''")
        if state_of(path) != file.state:
            raise FileChangedError(
                "the file changed while it was read; the next tick reads it anew"
            )
        with _transaction(connection):
            if kind.shape == "crm":
                added = crm.insert(connection, kind, _JUDGED, rows.line, columns, file.file_id)
            else:
                added = facts.insert(connection, kind, _JUDGED, file.file_id)
            landed = LandedFile(path, kind.name, file.file_id, added, right - added, wrong)
            _record(connection, file, landed, landed_at)
            connection.execute(
                f"""insert into raw.rejects
                    select $id, {rows.line}, _problem, _content from {_JUDGED}
                    where _problem <> ''""",  # noqa: S608 - names of our own
                {"id": file.file_id},
            )
    return landed


@contextmanager
def _judged(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    kind: Kind,
    settings: Settings,
    landed_at: datetime,
) -> Iterator[tuple[Rows, list[str]]]:
    """Hold the file's judged rows in the temporary table; gives the columns of a CRM file, too."""

    def judge(rows: Rows) -> list[str]:
        if kind.shape == "crm":
            declared = read_declared(settings.project_dir).get(kind.table)
            judgement = crm.judge(kind, rows, rows.columns(connection), declared, landed_at)
            sql, columns = judgement.sql, judgement.columns
        else:
            sql, columns = facts.judge(kind, rows, landed_at), []
        connection.execute(
            f"create or replace temp table {_JUDGED} as {sql}", rows.parameters.values
        )
        return columns

    file_format = format_of(path, kind.source.format)
    rows = open_rows(connection, path, file_format)
    try:
        columns = judge(rows)
        if rows.must_be not in (None, _count(connection, "")):
            columns = None
    except _UNREADABLE as error:
        if file_format == "parquet":
            raise FileRejectedError("the Parquet file is damaged", str(error)) from error
        columns = None
    try:
        if file_format != "parquet" and columns is None:
            with TemporaryDirectory(prefix="sendhouse-landing-") as scratch:
                rows = open_repaired(path, file_format, Path(scratch))
                columns = judge(rows)
        yield rows, columns or []
    finally:
        connection.execute(f"drop table if exists {_JUDGED}")


def _count(connection: duckdb.DuckDBPyConnection, where: str) -> int:
    row = connection.execute(f"select count(*) from {_JUDGED} {where}").fetchone()  # noqa: S608
    return row[0] if row else 0


def _mapping(kind: str, settings: Settings) -> str:
    try:
        return parse_kind(kind, settings.sources).mapping
    except KindError:
        return "no such kind"


def _record(
    connection: duckdb.DuckDBPyConnection,
    file: _Fingerprint,
    landed: LandedFile,
    landed_at: datetime,
) -> None:
    """Write the file's row, in place of that of a try that failed."""
    connection.execute("delete from raw.rejects where file_id = $id", {"id": file.file_id})
    connection.execute("delete from raw.files where file_id = $id", {"id": file.file_id})
    connection.execute(
        """insert into raw.files by name select
               $file_id as file_id, $path as path, $sha256 as sha256, $kind as kind,
               $rows_landed as rows_landed, $rows_duplicate as rows_duplicate,
               $rows_rejected as rows_rejected, $bytes as bytes, $mapping as mapping,
               $error as error, $landed_at as landed_at""",
        {
            "file_id": file.file_id,
            "path": str(landed.path),
            "sha256": file.sha256,
            "kind": landed.kind,
            "rows_landed": landed.rows_landed,
            "rows_duplicate": landed.rows_duplicate,
            "rows_rejected": landed.rows_rejected,
            "bytes": file.state.bytes,
            "mapping": file.mapping,
            "error": landed.error,
            "landed_at": landed_at,
        },
    )
    _see(connection, file, landed.path, landed.kind)


def _see(connection: duckdb.DuckDBPyConnection, file: _Fingerprint, path: Path, kind: str) -> None:
    """Remember what is at a path, so that the next tick need not read it."""
    where = {"path": str(path), "kind": kind}
    connection.execute("delete from raw.file_paths where path = $path and kind = $kind", where)
    connection.execute(
        "insert into raw.file_paths values ($path, $kind, $bytes, $modified_ns, $file_id)",
        where
        | {
            "bytes": file.state.bytes,
            "modified_ns": file.state.modified_ns,
            "file_id": file.file_id,
        },
    )


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("begin")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")
