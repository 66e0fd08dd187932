"""The result of each file (`raw.files`), and the paths of each file (`raw.file_paths`)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.landing.store.files import State

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb


FORGOTTEN = "forgotten by `sendhouse forget`: `sendhouse land --again FILE` reads the file again"
"""The error of a forgotten file. Its row stays, so that no tick lands the file again."""


@dataclass(frozen=True)
class Fingerprint:
    """The identity of a file: content, kind and settings."""

    kind: str
    sha256: str
    state: State
    mapping: str
    again: int = 0
    """For a returned snapshot: how often the same content landed before."""
    number: int | None = None
    """For a file that is read again: its number, which stays; None for a new file."""

    @property
    def file_id(self) -> str:
        """A hash of kind, content and `again`."""
        identity = f"{self.kind}\n{self.sha256}" + (f"\n{self.again}" if self.again else "")
        return hashlib.sha256(identity.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Export:
    """What `raw.files` records about a CRM export."""

    columns: list[str]
    is_full: bool
    """Whether a record that the export lacks has ended."""
    received_at: datetime | None
    """The received_at of all rows; None if each row has its own."""


@dataclass(frozen=True)
class LandedFile:
    """The result of landing one file."""

    path: Path
    kind: str
    file_id: str
    rows_landed: int = 0
    rows_duplicate: int = 0
    rows_rejected: int = 0
    already_landed: bool = False
    """Whether the same content was processed before; the counts are then 0."""
    has_other_mapping: bool = False
    """Whether the content landed before with another mapping than the source has now."""
    notices: tuple[str, ...] = ()
    """Remarks on a landed file, for example new, missing or renamed columns."""
    unpacked: tuple[Path, ...] = ()
    """The files of an archive, which land one by one."""
    error: str | None = None
    """Why the whole file did not land. Contains nothing of the file's content."""

    def __str__(self) -> str:
        if self.error is not None:
            return f"{self.path} ({self.kind}): not landed: {self.error}"
        if self.already_landed:
            return "\n  ".join([f"{self.path} ({self.kind}): already landed", *self.notices])
        if self.unpacked:
            return "\n  ".join([f"{self.path} ({self.kind}): unpacked", *self.notices])
        if not (self.rows_landed or self.rows_duplicate or self.rows_rejected):
            return f"{self.path} ({self.kind}): no rows"
        counts = (
            f"{self.path} ({self.kind}): {self.rows_landed:,} rows landed, "
            f"{self.rows_duplicate:,} duplicate, {self.rows_rejected:,} rejected"
        )
        return "\n  ".join([counts, *self.notices])


@dataclass(frozen=True)
class Outcome:
    """The result of the last read of a content."""

    error: str | None
    mapping: str
    path: Path
    """The path of the file that was read."""

    def is_final_for(self, mapping: str, path: Path) -> bool:
        """Whether landing can skip a file with this content.

        The content landed; or it failed with the same mapping, under a name with the same ending: a
        file with another ending may have another format.
        """
        if self.error in (None, FORGOTTEN):
            return True
        return self.mapping == mapping and self.path.suffixes[-2:] == path.suffixes[-2:]

    def has_other(self, mapping: str) -> bool:
        """Whether the content landed with another mapping. Earlier versions kept only a hash."""
        return self.error is None and self.mapping.startswith("{") and self.mapping != mapping


def outcome_of(connection: duckdb.DuckDBPyConnection, file_id: str) -> Outcome | None:
    """Return the outcome of a content, None if it was never read."""
    row = connection.execute(
        "select error, mapping, path from raw.files where file_id = $id", {"id": file_id}
    ).fetchone()
    if row is None:
        return None
    error, mapping, path = row
    return Outcome(error, mapping, Path(path))


def refused_files(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Describe the files that still are where the last reading refused them whole."""
    found = connection.execute(
        """select paths.path, files.error
           from raw.file_paths as paths
           inner join raw.files as files on paths.file_id = files.file_id
           where files.error is not null and files.error <> $forgotten
           order by files.file_no""",
        {"forgotten": FORGOTTEN},
    ).fetchall()
    return [f"{path}: {error}" for path, error in found if Path(path).exists()]


def returned_snapshot(
    connection: duckdb.DuckDBPyConnection, file: Fingerprint
) -> Fingerprint | None:
    """Decide whether a full snapshot with known content is a new snapshot.

    Args:
        connection: the warehouse.
        file: a file of a source of full snapshots; the same content has landed before.

    Returns:
        The snapshot with its own file_id, if the last landed snapshot is older and has other
        content; else None, because the snapshot has already landed.

    """
    [(last_sha256, last_modified_ns, times)] = connection.execute(
        """select max_by(sha256, file_no), max(modified_ns),
               count(*) filter (where sha256 = $sha256)
           from raw.files
           where kind = $kind and error is null and (table_name is not null or sha256 = $sha256)""",
        {"kind": file.kind, "sha256": file.sha256},
    ).fetchall()
    if last_sha256 == file.sha256 or file.state.modified_ns <= last_modified_ns:
        return None
    return replace(file, again=times)


def last_landed(connection: duckdb.DuckDBPyConnection) -> dict[str, Path]:
    """Return the path of the last landed file of each kind."""
    rows = connection.execute(
        "select kind, max_by(path, file_no) from raw.files where error is null group by kind"
    ).fetchall()
    return {kind: Path(path) for kind, path in rows}


def known_paths(
    connection: duckdb.DuckDBPyConnection,
) -> dict[tuple[str, str], tuple[State, Outcome]]:
    """Return the last state and outcome of every (kind, path) that was ever read."""
    rows = connection.execute(
        """select seen.kind, seen.path, seen.bytes, seen.modified_ns, files.error, files.mapping
           from raw.file_paths as seen join raw.files as files using (file_id)"""
    ).fetchall()
    return {
        (kind, path): (State(size, modified_ns), Outcome(error, mapping, Path(path)))
        for kind, path, size, modified_ns, error, mapping in rows
    }


def next_file_no(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the number of the next recorded file; numbers increase."""
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
    """Record the result of a file; it replaces the result and the rejects of an earlier reading.

    Args:
        connection: the warehouse, in a transaction.
        file: the file.
        landed: the result.
        landed_at: the landing time.
        table: the target table in schema `raw`; None for a file that did not land.
        export: further facts about a CRM export.

    Returns:
        The file's number.

    """
    file_no = file.number or next_file_no(connection)
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
    if file.number is None:
        remember_path(connection, file, landed.path)
    return file_no


def move_path(
    connection: duckdb.DuckDBPyConnection, file: Fingerprint, path: Path, moved: Path
) -> None:
    """Record that a file moved, so that a later change is noticed."""
    connection.execute(
        "update raw.file_paths set path = $moved where path = $path and kind = $kind",
        {"path": str(path), "moved": str(moved), "kind": file.kind},
    )


def remember_path(connection: duckdb.DuckDBPyConnection, file: Fingerprint, path: Path) -> None:
    """Record the file at a path, so that the next tick need not read it again."""
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
