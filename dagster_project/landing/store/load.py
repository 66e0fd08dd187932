"""Decides which files to land, and reports the result of each file."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from dagster_project.landing.errors import FileChangedError, FileRejectedError, KindError
from dagster_project.landing.shapes.kinds import parse_kind
from dagster_project.landing.store import archives, raw_files
from dagster_project.landing.store.archives import is_archive
from dagster_project.landing.store.files import (
    DONE,
    discover,
    is_done,
    landed_lately,
    put_away,
    sha256_of,
    state_of,
)
from dagster_project.landing.store.raw_files import Fingerprint, LandedFile
from dagster_project.landing.store.write import transaction, write_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from dagster_project.home.settings import Settings
    from dagster_project.landing.shapes.kinds import Kind

_IS_LINK = (
    "a symbolic link in the landing folder is not followed: put the file itself, or set the "
    "folder of the file as a source's path in sendhouse.toml"
)
_CHANGED_LATER = (
    f"the file changed in {DONE} after it landed, so it is read again: a program writes files "
    "under a name that ends in .tmp, and renames them when they are complete"
)


def land_new(
    connection: duckdb.DuckDBPyConnection, settings: Settings, landed_at: datetime
) -> list[LandedFile]:
    """Land every new file in `landing/` or under a source's path.

    Args:
        connection: the warehouse, from `warehouse.connect`.
        settings: the folders and the sources.
        landed_at: the landing time.

    Returns:
        The result of each new file, ordered by kind and modification time.

    """
    return [
        landed
        for kind, path in _pending(connection, settings)
        for landed in land_files(connection, path, kind, settings, landed_at)
    ]


def pending_files(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[Path]:
    """List the files that the next `land_new` would read, in its order."""
    return [path for _, path in _pending(connection, settings)]


def _pending(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> Iterator[tuple[str, Path]]:
    """Yield the files to read, by kind; the oldest file of a kind comes first."""
    known = raw_files.known_paths(connection)
    found: list[tuple[str, int, Path]] = []
    done = [each for each in landed_lately(settings) if (each[0], str(each[1])) in known]
    for kind, path in [*discover(settings), *done]:
        if path.is_symlink() and settings.landing_dir in path.parents:
            found.append((kind, 0, path))  # landing the file reports the error
            continue
        state, outcome = known.get((kind, str(path)), (None, None))
        try:
            now = state_of(path)
        except FileChangedError:
            continue  # deleted since the listing
        except OSError:
            found.append((kind, 0, path))  # landing the file reports the error
            continue
        is_known = (
            now == state
            and outcome is not None
            and outcome.is_final_for(_mapping(kind, settings), path)
        )
        # A landed file in the landing folder could not be moved to .done: try again.
        waits = (
            outcome is not None
            and outcome.error is None
            and settings.landing_dir in path.parents
            and not is_done(path, settings)
        )
        if not is_known or waits:
            found.append((kind, now.modified_ns, path))
    for kind, _, path in sorted(found):
        yield kind, path


def land_files(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    kind: str,
    settings: Settings,
    landed_at: datetime,
) -> list[LandedFile]:
    """Land one file, or an archive and each of its files; see `land_file`."""
    landed = land_file(connection, path, kind, settings, landed_at)
    return [
        landed,
        *(
            land_file(connection, unpacked, kind, settings, landed_at)
            for unpacked in landed.unpacked
        ),
    ]


def land_file(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    kind: str,
    settings: Settings,
    landed_at: datetime,
) -> LandedFile:
    """Land one file in one transaction: valid rows, rejects, and the row of `raw.files`.

    A file is skipped if the same content landed before as this kind. A failed file is skipped
    until its content, the ending of its name or its source's settings change. A file that landed
    from the landing folder moves to `.done`.

    Args:
        connection: the warehouse, from `warehouse.connect` (session time zone UTC), not in a
            transaction.
        path: the file.
        kind: `events`, `tracking`, `crm/<source>/<object>` or a source's name.
        settings: the sources, and the project whose models declare CRM tables.
        landed_at: the landing time, with a time zone.

    Returns:
        The result. An invalid file or kind raises nothing: `error` and `raw.rejects` report it.

    """
    if landed_at.tzinfo is None:
        raise ValueError("landed_at needs a time zone")
    try:
        str(path).encode()
    except UnicodeEncodeError:
        readable = Path(os.fsencode(path).decode(errors="replace"))
        return LandedFile(readable, kind, "", error="the file name is not UTF-8: rename the file")
    if path.is_symlink() and settings.landing_dir in path.parents:
        return LandedFile(path, kind, "", error=_IS_LINK)
    try:
        state = state_of(path)
        file = Fingerprint(kind, sha256_of(path), state, _mapping(kind, settings))
    except (FileChangedError, FileNotFoundError):
        return LandedFile(path, kind, "", error=FileChangedError.message)
    except OSError as error:
        return LandedFile(path, kind, "", error=f"cannot be read: {error.strerror}")
    landed = _land_once(connection, path, file, settings, landed_at)
    if is_done(path, settings) and not landed.already_landed:
        landed = replace(landed, notices=(*landed.notices, _CHANGED_LATER))
    if landed.error is None:
        try:
            if (moved := put_away(path, state, settings, landed_at)) is not None:
                raw_files.move_path(connection, file, path, moved)
        except OSError as error:
            notice = (
                f"the file cannot be moved to {DONE}, so every tick reads it again: "
                f"{error.strerror}"
            )
            return replace(landed, notices=(*landed.notices, notice))
    return landed


def _land_once(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    file: Fingerprint,
    settings: Settings,
    landed_at: datetime,
) -> LandedFile:
    kind = file.kind
    outcome = raw_files.outcome_of(connection, file.file_id)
    if outcome is not None and outcome.error is None and _is_snapshot(kind, settings):
        back = raw_files.returned_snapshot(connection, file)
        file, outcome = (file, outcome) if back is None else (back, None)
    if outcome is not None and outcome.is_final_for(file.mapping, path):
        with transaction(connection):
            raw_files.remember_path(connection, file, path)
        has_other = outcome.has_other(file.mapping)
        return LandedFile(
            path,
            kind,
            file.file_id,
            already_landed=True,
            has_other_mapping=has_other,
            notices=(other_mapping_notice(kind),) if has_other else (),
            error=outcome.error,
        )
    try:
        rows = parse_kind(file.kind, settings.sources)
        if is_archive(path):
            return _unpack(connection, path, rows, settings, file, landed_at)
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
            raise  # an error of the disk, not of the file
        return LandedFile(path, kind, file.file_id, error=FileChangedError.message)


def _unpack(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    kind: Kind,
    settings: Settings,
    file: Fingerprint,
    landed_at: datetime,
) -> LandedFile:
    """Unpack an archive to the landing folder, and record it."""
    content = archives.content_of(path)
    if kind.source.snapshot == "full" and len(content.files) > 1:
        raise FileRejectedError(
            f"the archive has {len(content.files)} files, but a full snapshot is one file: join "
            "the files, or land them from a source without snapshot"
        )
    folder = settings.landing_dir / file.kind
    unpacked = archives.unpack(path, content, folder, file.file_id[:8], file.state.modified_ns)
    notices = [f"{len(unpacked)} files of the archive land one by one"]
    if content.hidden:
        notices.append(f"{content.hidden} hidden files of the archive are left out")
    landed = LandedFile(
        path, file.kind, file.file_id, notices=tuple(notices), unpacked=tuple(unpacked)
    )
    with transaction(connection):
        raw_files.record(connection, file, landed, landed_at)
    return landed


def other_mapping_notice(kind: str, files: int = 1) -> str:
    """Say that landed files of a kind were read with another mapping, and the remedy."""
    were = "the file was" if files == 1 else f"{files:,} files were"
    return (
        f"{were} read with another mapping of [sources.{kind}]: `sendhouse land --again {kind}` "
        "reads the source again; with --dry-run it only says what changes"
    )


def _is_snapshot(kind: str, settings: Settings) -> bool:
    return kind in settings.sources and settings.sources[kind].snapshot == "full"


def _mapping(kind: str, settings: Settings) -> str:
    try:
        return parse_kind(kind, settings.sources).mapping
    except KindError:
        return "unknown kind"
