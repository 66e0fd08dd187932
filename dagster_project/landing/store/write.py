"""Writes the rows of one file to `raw.*` in one transaction."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from dagster_project.landing.errors import FileChangedError
from dagster_project.landing.formats.json_lines import JsonLines, NotUniformError, UniformObjects
from dagster_project.landing.formats.packing import check_whole
from dagster_project.landing.formats.readers import UNREADABLE, format_of, open_rows
from dagster_project.landing.formats.repair import MAX_REJECTS
from dagster_project.landing.shapes import crm, facts, unread
from dagster_project.landing.shapes.declared import read_declared
from dagster_project.landing.store import previous_export, raw_files
from dagster_project.landing.store.files import state_of
from dagster_project.landing.store.raw_files import LandedFile
from dagster_project.landing.store.seen import Seen
from dagster_project.landing.store.unknown_keys import unknown_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    import duckdb
    import pyarrow as pa

    from dagster_project.home.settings import Settings
    from dagster_project.landing.formats.rows import Rows
    from dagster_project.landing.shapes.kinds import Kind
    from dagster_project.landing.store.raw_files import Fingerprint

_CHECKED = "landing_checked"
"""The temporary table of a file's checked rows: in file order, with values or a problem."""


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Run the block in a transaction."""
    connection.execute("begin")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def write_rows(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    kind: Kind,
    settings: Settings,
    file: Fingerprint,
    landed_at: datetime,
) -> LandedFile:
    """Land a new file: valid rows, rejects, and the row of `raw.files`.

    Args:
        connection: the warehouse, not in a transaction.
        path: the file.
        kind: the file's kind.
        settings: the project whose models declare CRM tables, and the folder of the hashes.
        file: the identity of the file, including its state before reading.
        landed_at: the landing time.

    Raises:
        FileRejectedError: the file cannot be read with certainty; no row landed.
        FileChangedError: the file changed during reading; no row landed.

    """
    check_whole(path)
    with TemporaryDirectory(prefix="sendhouse-landing-") as scratch:
        writing = _Writing(connection, path, kind, settings, file, landed_at, Path(scratch))
        return writing.export() if kind.shape == "crm" else writing.facts()


def rewrite_rows(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    kind: Kind,
    settings: Settings,
    file: Fingerprint,
    landed_at: datetime,
    landed_from: Path,
) -> LandedFile:
    """Land a file again, in the caller's transaction, which has deleted the file's rows.

    Args:
        connection: the warehouse, in a transaction.
        path: the kept copy of the file.
        kind: the file's kind.
        settings: as for `write_rows`.
        file: the identity of the file, with its number.
        landed_at: when the file landed first.
        landed_from: the path that the file landed from.

    An event counts as a duplicate if a file with a lower number has it. Errors: see `write_rows`.
    The caller deletes the hashes of landed events (`seen`).

    """
    check_whole(path)
    with TemporaryDirectory(prefix="sendhouse-landing-") as scratch:
        writing = _Writing(connection, path, kind, settings, file, landed_at, Path(scratch))
        landed = writing.export() if kind.shape == "crm" else writing.facts_again()
    connection.execute(
        "update raw.files set path = $path where file_id = $id",
        {"path": str(landed_from), "id": file.file_id},
    )
    return replace(landed, path=landed_from)


class _NotWholeError(Exception):
    """A row is invalid or not new, so the file takes the slower path."""


@dataclass(frozen=True)
class _Writing:
    """One file during landing."""

    connection: duckdb.DuckDBPyConnection
    path: Path
    kind: Kind
    settings: Settings
    file: Fingerprint
    landed_at: datetime
    scratch: Path

    def facts(self) -> LandedFile:
        """Land events or tracking."""
        seen = Seen(self.connection, self.settings.seen_dir / self.kind.table, self.kind.table)
        landed, hashes, file_no = self._facts_whole(seen)
        if len(hashes):
            seen.add(hashes, file_no, self.file.file_id)
        return landed

    def facts_again(self) -> LandedFile:
        """Land events or tracking again, without the hashes of landed events."""
        landed, _, _ = self._facts_checked()
        return landed

    def _facts_whole(self, seen: Seen) -> tuple[LandedFile, pa.UInt64Array, int]:
        """Land the file without a temporary table, if every row is valid and new.

        Most files qualify, and this path is much faster than `_facts_checked`, which lands all
        others.
        """
        spare = None
        for open_ in self._ways_to_open():
            try:
                rows = open_()
                if rows.is_broken:
                    return self._facts_checked(rows)
                # The slower path of JSON has a reader of its own.
                spare = None if self._is_json_lines() else deepcopy(rows)
                with transaction(self.connection):
                    hashes = facts.insert_whole(
                        self.connection,
                        self.kind,
                        rows,
                        self.landed_at,
                        self._numbered(),
                        seen.has_any,
                    )
                    # A file without rows takes the slower path, which reports the reason.
                    if hashes is None or rows.must_be not in (None, len(hashes)) or not len(hashes):
                        raise _NotWholeError  # noqa: TRY301 - undoes the transaction
                    self._require_unchanged()
                    notices = (*_twice(rows), *self._unknown_keys())
                    landed = self._landed(len(hashes), notices=notices)
                    file_no = self._record(landed)
            except _NotWholeError:
                break
            except (NotUniformError, *UNREADABLE):
                continue
            return landed, hashes, file_no
        return self._facts_checked(spare)

    def _unknown_keys(self) -> tuple[str, ...]:
        notice = unknown_keys(self.connection, self.kind, self.file.file_id)
        return () if notice is None else (notice,)

    def _numbered(self) -> tuple[str, int]:
        """Return the file's id and number."""
        number = self.file.number or raw_files.next_file_no(self.connection)
        return self.file.file_id, number

    def _transaction(self) -> AbstractContextManager[None]:
        """A file that is read again belongs to the caller's transaction."""
        return transaction(self.connection) if self.file.number is None else nullcontext()

    def _ways_to_open(self) -> list[Callable[[], Rows]]:
        source = self.kind.source
        if self._is_json_lines():
            return [
                lambda: UniformObjects(self.connection, self.path),
                lambda: JsonLines(self.path, "objects"),
            ]
        return [lambda: open_rows(self.connection, self.path, source, self.scratch)]

    def _is_json_lines(self) -> bool:
        source = self.kind.source
        return format_of(self.path, source.format) == "jsonl" and source.encoding == "detect"

    def _facts_checked(self, opened: Rows | None = None) -> tuple[LandedFile, pa.UInt64Array, int]:
        """Land the valid new rows, and the rejects.

        Args:
            opened: the file's rows, if they are open and not yet read.

        """

        def check(rows: Rows) -> None:
            self._write_checked(facts.check(self.kind, rows, self.landed_at), rows)

        with self._checked_rows(check, opened) as rows:
            facts.reject_conflicts(self.connection, self.kind, _CHECKED, self._numbered()[1])
            right, wrong = self._count("_problem is null"), self._wrong(rows)
            with self._transaction():
                hashes = facts.insert(self.connection, self.kind, _CHECKED, self._numbered())
                notices = (*rows.notices, *_twice(rows), *self._unknown_keys())
                landed = self._landed(len(hashes), right - len(hashes), wrong, notices)
                file_no = self._record(landed)
                self._reject(rows, wrong)
        return landed, hashes, file_no

    def export(self) -> LandedFile:
        """Land a CRM export."""
        tables = read_declared(self.settings.project_dir)
        declared = tables.get(self.kind.table)
        columns: list[str] = []

        def check(rows: Rows) -> None:
            names = rows.columns(self.connection)
            checked = crm.check(self.kind, rows, names, declared, self.landed_at)
            self._write_checked(checked.sql, rows)
            columns[:] = checked.columns

        with self._checked_rows(check) as rows:
            wrong = self._wrong(rows)
            again = [name for names in rows.again.values() for name in names]
            remarks = unread.find(self.connection, self.kind, _CHECKED, columns, tables, again)
            with self._transaction():
                numbered = self._numbered()
                added = crm.insert(
                    self.connection, self.kind, _CHECKED, self._line(rows), columns, numbered
                )
                notices = previous_export.compare_columns(
                    self.connection, self.kind, numbered, columns
                )
                ids = declared.ids if declared else ("id",)
                conflicts = crm.conflicts(self.connection, _CHECKED, columns, ids)
                notices = [*_twice(rows), *conflicts, *notices]
                is_full = self.kind.source.snapshot == "full"
                if is_full and (
                    lost := previous_export.compare_rows(
                        self.connection, self.kind, numbered[1], added
                    )
                ):
                    is_full, notices = False, [*notices, lost]
                received_at = crm.common_received_at(self.kind, self.landed_at)
                landed = self._landed(added, 0, wrong, (*rows.notices, *notices, *remarks))
                self._record(landed, raw_files.Export(columns, is_full, received_at))
                self._reject(rows, wrong)
        return landed

    @contextmanager
    def _checked_rows(
        self, check: Callable[[Rows], None], opened: Rows | None = None
    ) -> Iterator[Rows]:
        """Write the file's checked rows, with correct lines, to the temporary table."""
        try:
            rows = self._check_uniform(check) or self._check_any(check, opened)
            self._require_unchanged()
            yield rows
        finally:
            self.connection.execute(f"drop table if exists {_CHECKED}")

    def _check_uniform(self, check: Callable[[Rows], None]) -> Rows | None:
        """Check a CRM export of objects with the same keys; None if a row is not valid."""
        # An error of this reading would end the transaction of a caller.
        is_tried = self.kind.shape == "crm" and self.file.number is None
        if not is_tried or not self._is_json_lines():
            return None
        try:
            rows = UniformObjects(self.connection, self.path, has_lines=True)
            check(rows)
        except (NotUniformError, *UNREADABLE):
            return None
        valid = self._count("_problem is null")
        # A file without rows takes the slower path, which reports the reason.
        return rows if valid and valid == rows.must_be else None

    def _check_any(self, check: Callable[[Rows], None], opened: Rows | None) -> Rows:
        rows = opened or open_rows(self.connection, self.path, self.kind.source, self.scratch)
        try:
            check(rows)
            is_read = rows.must_be in (None, self._count("true"))
        except UNREADABLE:
            is_read = False
        if not is_read:
            rows = rows.repaired(self.scratch)
            check(rows)
        return rows

    def _write_checked(self, checked: str, rows: Rows) -> None:
        self.connection.execute(
            f"create or replace temp table {_CHECKED} as {checked}", rows.parameters.values
        )

    def _count(self, where: str) -> int:
        [(count,)] = self.connection.execute(
            f"select count(*) from {_CHECKED} where {where}"  # noqa: S608 - conditions of our own
        ).fetchall()
        return count

    def _wrong(self, rows: Rows) -> int:
        return self._count("_problem <> ''") + rows.more

    def _line(self, rows: Rows) -> str:
        """SQL of a row's line. Row ids of a table start far above 0 before its commit."""
        if rows.numbered:
            return rows.line
        [(first,)] = self.connection.table(_CHECKED).min("rowid").fetchall()
        return rows.line.replace("rowid", f"(rowid - {first or 0})")

    def _landed(
        self, added: int, duplicate: int = 0, wrong: int = 0, notices: tuple[str, ...] = ()
    ) -> LandedFile:
        return LandedFile(
            self.path, self.kind.name, self.file.file_id, added, duplicate, wrong, notices=notices
        )

    def _record(self, landed: LandedFile, export: raw_files.Export | None = None) -> int:
        return raw_files.record(
            self.connection, self.file, landed, self.landed_at, self.kind.table, export
        )

    def _reject(self, rows: Rows, wrong: int) -> None:
        """List the rejected rows, and the number of those beyond `MAX_REJECTS`."""
        self.connection.execute(
            f"""insert into raw.rejects
                select $id, {self._line(rows)}, _problem, _content from {_CHECKED}
                where _problem <> '' order by rowid limit {MAX_REJECTS}""",  # noqa: S608 - ours
            {"id": self.file.file_id},
        )
        if wrong > MAX_REJECTS:
            more = f"{wrong - MAX_REJECTS:,} more rows are rejected; {MAX_REJECTS:,} are listed"
            self.connection.execute(
                "insert into raw.rejects values ($id, null, $more, null)",
                {"id": self.file.file_id, "more": more},
            )

    def _require_unchanged(self) -> None:
        if state_of(self.path) != self.file.state:
            raise FileChangedError


def _twice(rows: Rows) -> tuple[str, ...]:
    """Describe the column names that occur again in the header."""
    return tuple(
        f"the header has column '{name}' again: its further columns are {', '.join(again)}"
        for name, again in rows.again.items()
    )
