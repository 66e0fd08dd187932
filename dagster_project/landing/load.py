"""From files to rows of `raw.*`: each file once, in one transaction."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb

from dagster_project.landing import crm, exports, facts, ledger
from dagster_project.landing.declared import read_declared
from dagster_project.landing.errors import FileChangedError, FileRejectedError, KindError
from dagster_project.landing.files import discover, put_away, sha256_of, state_of
from dagster_project.landing.json_lines import AlikeObjects, JsonLines, NotAlikeError
from dagster_project.landing.kinds import Kind, parse_kind
from dagster_project.landing.ledger import Fingerprint, LandedFile
from dagster_project.landing.packing import check_whole
from dagster_project.landing.readers import UNREADABLE, format_of, open_rows
from dagster_project.landing.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from dagster_project.settings import Settings
    from dagster_project.source_settings import SourceSettings

_JUDGED = "landing_judged"
"""Temporary table: a file's rows in file order, each with its values or its problem."""


def land_new(
    connection: duckdb.DuckDBPyConnection, settings: Settings, landed_at: datetime
) -> list[LandedFile]:
    """Land every file that is new in `landing/` or under a source's path.

    Args:
        connection: the warehouse, from `warehouse.connect`.
        settings: where files are and how sources are read.
        landed_at: the time that this counts as.

    Returns:
        What became of each new file, ordered by kind and by when it was written.

    """
    return [
        land_file(connection, path, kind, settings, landed_at)
        for kind, path in _pending(connection, settings)
    ]


def pending_files(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[Path]:
    """Files that the next `land_new` would look into, in its order."""
    return [path for _, path in _pending(connection, settings)]


def _pending(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> Iterator[tuple[str, Path]]:
    """Files to look into; of one kind the one written first comes first, as its news is older."""
    seen = ledger.seen(connection)
    found: list[tuple[str, int, Path]] = []
    for kind, path in discover(settings):
        state, past = seen.get((kind, str(path)), (None, None))
        try:
            now = state_of(path)
        except FileChangedError:
            continue  # gone since it was listed
        is_known = now == state and past is not None and past.stands_for(_mapping(kind, settings))
        # What landed and lies in the landing folder was to be put away.
        waits = past is not None and past.error is None and settings.landing_dir in path.parents
        if not is_known or waits:
            found.append((kind, now.modified_ns, path))
    for kind, _, path in sorted(found):
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
    content changes or the source that it is read with does. What has landed from the landing folder
    is put away in its `.done`.

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
    landed = _land_once(connection, path, kind, settings, landed_at)
    if landed.error is None:
        put_away(path, settings, landed_at)
    return landed


def _land_once(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    kind: str,
    settings: Settings,
    landed_at: datetime,
) -> LandedFile:
    try:
        state = state_of(path)
        file = Fingerprint(kind, sha256_of(path), state, _mapping(kind, settings))
    except (FileChangedError, FileNotFoundError):
        return LandedFile(path, kind, "", error=FileChangedError.message)
    except OSError as error:
        return LandedFile(path, kind, "", error=f"cannot be read: {error.strerror}")
    past = ledger.past_of(connection, file.file_id)
    if past is not None and past.error is None and _is_snapshot(kind, settings):
        back = ledger.returned(connection, file)
        file, past = (file, past) if back is None else (back, None)
    if past is not None and past.stands_for(file.mapping):
        with _transaction(connection):
            ledger.see(connection, file, path)
        return LandedFile(path, kind, file.file_id, already_landed=True, error=past.error)
    try:
        return _land(connection, path, settings, file, landed_at)
    except (KindError, FileRejectedError) as error:
        landed = LandedFile(path, kind, file.file_id, error=str(error))
        content = error.content if isinstance(error, FileRejectedError) else None
        with _transaction(connection):
            ledger.record(connection, file, landed, landed_at)
            connection.execute(
                "insert into raw.rejects values ($id, null, $reason, $content)",
                {"id": file.file_id, "reason": str(error), "content": content},
            )
        return landed
    except (FileChangedError, FileNotFoundError, duckdb.IOException) as error:
        if not isinstance(error, FileChangedError) and path.exists():
            raise  # the disk, not the file
        return LandedFile(path, kind, file.file_id, error=FileChangedError.message)


def _land(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    settings: Settings,
    file: Fingerprint,
    landed_at: datetime,
) -> LandedFile:
    kind = parse_kind(file.kind, settings.sources)
    check_whole(path)
    with TemporaryDirectory(prefix="sendhouse-landing-") as scratch:
        if kind.shape != "crm":
            landed = _land_whole(connection, path, kind, file, landed_at, Path(scratch))
            if landed is not None:
                return landed
        return _land_judged(connection, path, kind, settings, file, landed_at, Path(scratch))


def _land_judged(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    kind: Kind,
    settings: Settings,
    file: Fingerprint,
    landed_at: datetime,
    scratch: Path,
) -> LandedFile:
    """Land what is right and new of a file, and what is wrong with the rest."""
    with _judged(connection, path, kind, settings, landed_at, scratch) as (rows, columns):
        right = _count(connection, "where _problem is null")
        wrong = _count(connection, "where _problem <> ''")
        if state_of(path) != file.state:
            raise FileChangedError
        with _transaction(connection):
            export, notices = None, []
            if kind.shape == "crm":
                number = ledger.next_file_no(connection)
                added = crm.insert(
                    connection, kind, _JUDGED, rows.line, columns, (file.file_id, number)
                )
                notices = exports.compare_columns(connection, kind, file.file_id, columns)
                is_full = kind.source.snapshot == "full"
                if is_full and (lost := exports.compare_rows(connection, kind, added)):
                    is_full, notices = False, [*notices, lost]
                learnt_at = crm.learnt_at(kind, landed_at)
                export = ledger.Export(kind.table, columns, is_full, learnt_at)
            else:
                added = facts.insert(connection, kind, _JUDGED, file.file_id)
            landed = LandedFile(
                path, kind.name, file.file_id, added, right - added, wrong, notices=tuple(notices)
            )
            ledger.record(connection, file, landed, landed_at, export)
            connection.execute(
                f"""insert into raw.rejects
                    select $id, {rows.line}, _problem, _content from {_JUDGED}
                    where _problem <> ''""",  # noqa: S608 - names of our own
                {"id": file.file_id},
            )
    return landed


class _NotWholeError(Exception):
    """Something is the matter with a row of the file."""


def _land_whole(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    kind: Kind,
    file: Fingerprint,
    landed_at: datetime,
    scratch: Path,
) -> LandedFile | None:
    """Land a file of facts if every row is right and new, as almost every row of almost every file.

    Much faster than holding the rows in a table to see which are; None if that is what it takes.
    """
    for open_ in _ways_to_open(connection, path, kind.source, scratch):
        try:
            rows = open_()
            with _unordered(connection), _transaction(connection):
                added = facts.insert_whole(connection, kind, rows, landed_at, file.file_id)
                if added is None or rows.must_be not in (None, added):
                    raise _NotWholeError  # noqa: TRY301 - undoes the transaction
                if state_of(path) != file.state:
                    raise FileChangedError
                landed = LandedFile(path, kind.name, file.file_id, added)
                ledger.record(connection, file, landed, landed_at)
        except _NotWholeError:
            return None
        except (NotAlikeError, *UNREADABLE):
            continue
        return landed
    return None


def _ways_to_open(
    connection: duckdb.DuckDBPyConnection, path: Path, source: SourceSettings, scratch: Path
) -> list[Callable[[], Rows]]:
    if format_of(path, source.format) == "jsonl" and source.encoding == "detect":
        return [lambda: AlikeObjects(connection, path), lambda: JsonLines(path, "objects")]
    return [lambda: open_rows(connection, path, source, scratch)]


@contextmanager
def _judged(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    kind: Kind,
    settings: Settings,
    landed_at: datetime,
    scratch: Path,
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

    def lines_are_true(rows: Rows) -> bool:
        return rows.must_be in (None, _count(connection, ""))

    rows = open_rows(connection, path, kind.source, scratch)
    try:
        try:
            columns = judge(rows)
            is_read = lines_are_true(rows)
        except UNREADABLE:
            columns, is_read = [], False
        if not is_read:
            rows = rows.repaired(scratch)
            columns = judge(rows)
            if not lines_are_true(rows):
                rows.repaired(scratch)
        yield rows, columns
    finally:
        connection.execute(f"drop table if exists {_JUDGED}")


def _count(connection: duckdb.DuckDBPyConnection, where: str) -> int:
    row = connection.execute(f"select count(*) from {_JUDGED} {where}").fetchone()  # noqa: S608
    return row[0] if row else 0


def _is_snapshot(kind: str, settings: Settings) -> bool:
    return kind in settings.sources and settings.sources[kind].snapshot == "full"


def _mapping(kind: str, settings: Settings) -> str:
    try:
        return parse_kind(kind, settings.sources).mapping
    except KindError:
        return "no such kind"


@contextmanager
def _unordered(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let DuckDB write rows in any order: faster, and in bounded memory."""
    connection.execute("set preserve_insertion_order = false")
    try:
        yield
    finally:
        connection.execute("set preserve_insertion_order = true")


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("begin")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")
