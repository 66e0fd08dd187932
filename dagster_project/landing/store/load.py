"""Which files land, and what becomes of each: once, or told why not."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from dagster_project.landing.errors import FileChangedError, FileRejectedError, KindError
from dagster_project.landing.shapes.kinds import parse_kind
from dagster_project.landing.store import raw_files
from dagster_project.landing.store.files import DONE, discover, put_away, sha256_of, state_of
from dagster_project.landing.store.raw_files import Fingerprint, LandedFile
from dagster_project.landing.store.write import transaction, write_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from dagster_project.home.settings import Settings


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
    seen = raw_files.seen(connection)
    found: list[tuple[str, int, Path]] = []
    for kind, path in discover(settings):
        state, past = seen.get((kind, str(path)), (None, None))
        try:
            now = state_of(path)
        except FileChangedError:
            continue  # gone since it was listed
        except OSError:
            found.append((kind, 0, path))  # why is told when it is landed
            continue
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
    try:
        str(path).encode()
    except UnicodeEncodeError:
        readable = Path(os.fsencode(path).decode(errors="replace"))
        return LandedFile(readable, kind, "", error="its name is not UTF-8: rename it")
    try:
        state = state_of(path)
        file = Fingerprint(kind, sha256_of(path), state, _mapping(kind, settings))
    except (FileChangedError, FileNotFoundError):
        return LandedFile(path, kind, "", error=FileChangedError.message)
    except OSError as error:
        return LandedFile(path, kind, "", error=f"cannot be read: {error.strerror}")
    landed = _land_once(connection, path, file, settings, landed_at)
    if landed.error is None:
        try:
            put_away(path, state, settings, landed_at)
        except OSError as error:
            told = f"it cannot be moved to {DONE} and is looked into each time: {error.strerror}"
            return replace(landed, notices=(*landed.notices, told))
    return landed


def _land_once(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    file: Fingerprint,
    settings: Settings,
    landed_at: datetime,
) -> LandedFile:
    kind = file.kind
    past = raw_files.past_of(connection, file.file_id)
    if past is not None and past.error is None and _is_snapshot(kind, settings):
        back = raw_files.returned(connection, file)
        file, past = (file, past) if back is None else (back, None)
    if past is not None and past.stands_for(file.mapping):
        with transaction(connection):
            raw_files.see(connection, file, path)
        return LandedFile(path, kind, file.file_id, already_landed=True, error=past.error)
    try:
        rows = parse_kind(file.kind, settings.sources)
        return write_rows(connection, path, rows, settings, file, landed_at)
    except (KindError, FileRejectedError) as error:
        landed = LandedFile(path, kind, file.file_id, error=str(error))
        content = error.content if isinstance(error, FileRejectedError) else None
        with transaction(connection):
            raw_files.record(connection, file, landed, landed_at)
            connection.execute(
                "insert into raw.rejects values ($id, null, $reason, $content)",
                {"id": file.file_id, "reason": str(error), "content": content},
            )
        return landed
    except (FileChangedError, FileNotFoundError, duckdb.IOException) as error:
        if not isinstance(error, FileChangedError) and path.exists():
            raise  # the disk, not the file
        return LandedFile(path, kind, file.file_id, error=FileChangedError.message)


def _is_snapshot(kind: str, settings: Settings) -> bool:
    return kind in settings.sources and settings.sources[kind].snapshot == "full"


def _mapping(kind: str, settings: Settings) -> str:
    try:
        return parse_kind(kind, settings.sources).mapping
    except KindError:
        return "no such kind"
