"""What became of each file: `raw.files`, and at which paths it was seen: `raw.file_paths`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.landing.store.files import State

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb


@dataclass(frozen=True)
class Fingerprint:
    """Which content this is, as which kind, and how it is read."""

    kind: str
    sha256: str
    state: State
    mapping: str
    again: int = 0
    """How often the content had landed before, where it is a snapshot that returned."""

    @property
    def file_id(self) -> str:
        """The same for the same content landed as the same kind, unless it is there `again`."""
        told = f"{self.kind}\n{self.sha256}" + (f"\n{self.again}" if self.again else "")
        return hashlib.sha256(told.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Export:
    """What is kept of a CRM export beside its rows."""

    columns: list[str]
    is_full: bool
    """Whether who is not in it is gone."""
    received_at: datetime | None
    """When its rows were learnt; None where each row says so itself."""


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
    notices: tuple[str, ...] = ()
    """What may want a look, though it landed: columns that came, went or were renamed."""
    error: str | None = None
    """Why it did not land at all. Holds nothing of the file's content."""

    def __str__(self) -> str:
        if self.error is not None:
            return f"{self.path} ({self.kind}): not landed: {self.error}"
        if self.already_landed:
            return "\n  ".join([f"{self.path} ({self.kind}): already landed", *self.notices])
        if not (self.rows_landed or self.rows_duplicate or self.rows_rejected):
            return f"{self.path} ({self.kind}): no rows in it"
        told = (
            f"{self.path} ({self.kind}): {self.rows_landed:,} rows landed, "
            f"{self.rows_duplicate:,} duplicate, {self.rows_rejected:,} rejected"
        )
        return "\n  ".join([told, *self.notices])


@dataclass(frozen=True)
class Past:
    """What became of a content when it was last read."""

    error: str | None
    mapping: str

    def stands_for(self, mapping: str) -> bool:
        """Whether it need not be read again; what failed may do better with another mapping."""
        return self.error is None or self.mapping == mapping


def past_of(connection: duckdb.DuckDBPyConnection, file_id: str) -> Past | None:
    """Look up what became of a content, None if it was never read."""
    row = connection.execute(
        "select error, mapping from raw.files where file_id = $id", {"id": file_id}
    ).fetchone()
    return None if row is None else Past(*row)


def returned(connection: duckdb.DuckDBPyConnection, file: Fingerprint) -> Fingerprint | None:
    """Tell a snapshot that says what an earlier one said from one that landed already.

    Args:
        connection: the warehouse.
        file: of a source of full snapshots; its content has landed before.

    Returns:
        The snapshot as a file of its own, if it was written after the last one that landed of its
        kind, and that one says something else; None if it is the one that landed.

    """
    [(last_sha256, last_modified_ns, times)] = connection.execute(
        """select max_by(sha256, file_no), max(modified_ns),
               count(*) filter (where sha256 = $sha256)
           from raw.files where kind = $kind and error is null""",
        {"kind": file.kind, "sha256": file.sha256},
    ).fetchall()
    if last_sha256 == file.sha256 or file.state.modified_ns <= last_modified_ns:
        return None
    return replace(file, again=times)


def last_landed(connection: duckdb.DuckDBPyConnection) -> dict[str, Path]:
    """List by kind where the file lay that landed last."""
    rows = connection.execute(
        "select kind, max_by(path, file_no) from raw.files where error is null group by kind"
    ).fetchall()
    return {kind: Path(path) for kind, path in rows}


def seen(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[State, Past]]:
    """List all (kind, path) that were ever looked into: what was there, and what became of it."""
    rows = connection.execute(
        """select seen.kind, seen.path, seen.bytes, seen.modified_ns, files.error, files.mapping
           from raw.file_paths as seen join raw.files as files using (file_id)"""
    ).fetchall()
    return {
        (kind, path): (State(size, modified_ns), Past(error, mapping))
        for kind, path, size, modified_ns, error, mapping in rows
    }


def next_file_no(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the number of the file that is recorded next; a later file has a greater one."""
    [(number,)] = connection.execute(
        "select coalesce(max(file_no), 0) + 1 from raw.files"
    ).fetchall()
    return number


def record(
    connection: duckdb.DuckDBPyConnection,
    file: Fingerprint,
    landed: LandedFile,
    landed_at: datetime,
    table: str | None = None,
    export: Export | None = None,
) -> int:
    """Write what became of a file, in place of a try that failed (and of its rejects).

    Args:
        connection: the warehouse, in a transaction.
        file: the file.
        landed: what became of it.
        landed_at: the time that this counts as.
        table: the table under `raw` that its rows went to; None for a file that did not land.
        export: what more there is to say of a CRM export.

    Returns:
        Its number.

    """
    file_no = next_file_no(connection)
    connection.execute("delete from raw.rejects where file_id = $id", {"id": file.file_id})
    connection.execute("delete from raw.files where file_id = $id", {"id": file.file_id})
    connection.execute(
        """insert into raw.files by name select
               $file_id as file_id, $file_no as file_no, $path as path, $sha256 as sha256,
               $kind as kind, $table as table_name, $is_full as is_full,
               $received_at::timestamptz as received_at, $columns::varchar[] as columns,
               $notices::varchar[] as notices, $modified_ns as modified_ns,
               $rows_landed as rows_landed, $rows_duplicate as rows_duplicate,
               $rows_rejected as rows_rejected, $bytes as bytes, $mapping as mapping,
               $error as error, $landed_at as landed_at""",
        {
            "file_id": file.file_id,
            "file_no": file_no,
            "path": str(landed.path),
            "sha256": file.sha256,
            "kind": file.kind,
            "rows_landed": landed.rows_landed,
            "rows_duplicate": landed.rows_duplicate,
            "rows_rejected": landed.rows_rejected,
            "bytes": file.state.bytes,
            "modified_ns": file.state.modified_ns,
            "mapping": file.mapping,
            "table": table,
            "is_full": export is not None and export.is_full,
            "received_at": export.received_at if export else None,
            "columns": export.columns if export else None,
            "notices": list(landed.notices),
            "error": landed.error,
            "landed_at": landed_at,
        },
    )
    see(connection, file, landed.path)
    return file_no


def see(connection: duckdb.DuckDBPyConnection, file: Fingerprint, path: Path) -> None:
    """Remember what is at a path, so that the next tick need not read it."""
    where = {"path": str(path), "kind": file.kind}
    state = {
        "bytes": file.state.bytes,
        "modified_ns": file.state.modified_ns,
        "file_id": file.file_id,
    }
    connection.execute("delete from raw.file_paths where path = $path and kind = $kind", where)
    connection.execute(
        "insert into raw.file_paths values ($path, $kind, $bytes, $modified_ns, $file_id)",
        where | state,
    )
