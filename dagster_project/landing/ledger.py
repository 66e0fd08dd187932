"""What became of each file: `raw.files`, and at which paths it was seen: `raw.file_paths`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster_project.landing.files import State

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import duckdb


@dataclass(frozen=True)
class Fingerprint:
    """Which content this is, as which kind, and how it is read."""

    kind: str
    sha256: str
    state: State
    mapping: str

    @property
    def file_id(self) -> str:
        """The same for the same content landed as the same kind."""
        return hashlib.sha256(f"{self.kind}\n{self.sha256}".encode()).hexdigest()[:32]


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
) -> None:
    """Write what became of a file, in place of a try that failed (and of its rejects)."""
    file_no = next_file_no(connection)
    connection.execute("delete from raw.rejects where file_id = $id", {"id": file.file_id})
    connection.execute("delete from raw.files where file_id = $id", {"id": file.file_id})
    connection.execute(
        """insert into raw.files by name select
               $file_id as file_id, $file_no as file_no, $path as path, $sha256 as sha256,
               $kind as kind, false as is_full,
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
            "mapping": file.mapping,
            "error": landed.error,
            "landed_at": landed_at,
        },
    )
    see(connection, file, landed.path)


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
