"""Files in the landing folder and under the sources' paths: find, copy in, move away."""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from errno import EINVAL
from itertools import chain
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

from dagster_project.landing.errors import FileChangedError, FileRejectedError
from dagster_project.landing.formats.readers import format_of
from dagster_project.landing.shapes.kinds import kind_of_folder, parse_kind
from dagster_project.landing.store.archives import content_of, is_archive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from dagster_project.home.settings import Settings

DONE = ".done"
"""The folder of landed files under `landing/`. `kept_copy` finds a file here to land it again; an
operator may empty the folder."""
_BEING_WRITTEN = (".tmp", ".part")
_WATCHED_DAYS = 2


@dataclass(frozen=True)
class State:
    """The size and modification time of a file."""

    bytes: int
    modified_ns: int


def state_of(path: Path) -> State:
    """Return a file's state.

    Raises:
        FileChangedError: the file was deleted.
        OSError: the file is not accessible, or is a pipe or a device, which never ends.

    """
    try:
        stat = path.stat()
    except FileNotFoundError as error:
        raise FileChangedError from error
    if not S_ISREG(stat.st_mode):
        raise OSError(EINVAL, "not a regular file")
    return State(stat.st_size, stat.st_mtime_ns)


def sha256_of(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file's content."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def is_ignored(path: Path) -> bool:
    """Whether the file's name says that a program is still writing the file."""
    return path.name.startswith(".") or path.name.endswith(_BEING_WRITTEN)


def discover(settings: Settings) -> list[tuple[str, Path]]:
    """List every file in `landing/` and under the sources' paths.

    Returns:
        (kind name, path), ordered by both. An unknown folder is returned as a kind too; landing its
        files reports the error.

    """
    found = set(_in_landing(settings.landing_dir))
    for name, source in settings.sources.items():
        if source.path is not None and not source.is_remote:
            found.update((name, path) for path in _glob(settings.project_dir / source.path))
    return sorted(found)


def landed_lately(settings: Settings) -> list[tuple[str, Path]]:
    """List the files in `.done` of the last two days on which files landed, as (kind name, path).

    A program may still have such a file open, and write to it.
    """
    done = settings.landing_dir / DONE
    days = sorted(day for day in done.iterdir() if day.is_dir()) if done.is_dir() else []
    return sorted(chain.from_iterable(map(_in_landing, days[-_WATCHED_DAYS:])))


def _in_landing(landing_dir: Path) -> Iterator[tuple[str, Path]]:
    """Yield (kind name, path) of all files; a symbolic link to a folder counts as a file."""
    for folder, subfolders, names in os.walk(landing_dir):
        links = [name for name in subfolders if Path(folder, name).is_symlink()]
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for name in [*names, *links]:
            path = Path(folder) / name
            if not is_ignored(path):
                yield kind_of_folder(path.relative_to(landing_dir)), path


def _glob(pattern: Path) -> Iterator[Path]:
    for path in Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))):
        if path.is_file() and not is_ignored(path):
            yield path


def is_done(path: Path, settings: Settings) -> bool:
    """Whether the file is in the folder of landed files."""
    return path.is_relative_to(settings.landing_dir / DONE)


def put_away(path: Path, state: State, settings: Settings, landed_at: datetime) -> Path | None:
    """Move a landed file to `.done/<day>/`, so that listing the folder costs only new files.

    A file outside the landing folder stays in place. So does a file that changed since its `state`
    landed.

    Returns:
        The file's new path; None if the file stays.

    Raises:
        OSError: the file cannot be moved.

    """
    if not path.is_relative_to(settings.landing_dir) or is_done(path, settings):
        return None
    place = path.relative_to(settings.landing_dir)
    target = settings.landing_dir / DONE / f"{landed_at.astimezone(UTC):%Y-%m-%d}" / place
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if state_of(path) != state:
            return None
        if target.exists():  # a file of the same name landed earlier in the day
            target = target.with_name(f"{state.modified_ns}-{target.name}")
        moved = path.replace(target)
    except (FileChangedError, FileNotFoundError):
        return None  # another program deleted the file
    with suppress(PermissionError):  # the file of another user
        moved.chmod(0o600)
    return moved


def kept_copy(settings: Settings, path: Path, sha256: str, size: int) -> Path | None:
    """Find the content of a landed file: at its path, or in `.done`; None if it is not kept.

    Args:
        settings: the landing folder.
        path: the path that the file landed from.
        sha256: the hexadecimal hash of its content.
        size: its size in bytes.

    """
    places = [path]
    if path.is_relative_to(settings.landing_dir):
        place = path.relative_to(settings.landing_dir)
        for day in sorted((settings.landing_dir / DONE).glob("*")):
            folder = (day / place).parent
            places += [day / place, *sorted(folder.glob(f"*-{glob.escape(place.name)}"))]
    for found in places:
        if found.is_file() and found.stat().st_size == size and sha256_of(found) == sha256:
            return found
    return None


def copy_to_landing(files: Iterable[Path], kind: str, settings: Settings) -> list[Path]:
    """Copy files into the landing folder, for the next tick.

    A copy's name is a short hash of the content plus the file's name. So two files with the same
    name do not collide, and a second copy of the same file changes nothing.

    Args:
        files: the files to copy.
        kind: `events`, `tracking`, `crm/<source>/<object>` or a source's name.
        settings: the landing folder and the sources.

    Returns:
        The copies, in the order of `files`.

    Raises:
        KindError: the kind is unknown.
        FileRejectedError: a file's name marks the file as incomplete, or has no known format. The
            message names the file.
        FileNotFoundError: a file does not exist. In each case no file was copied.

    """
    source = parse_kind(kind, settings.sources).source
    wanted = list(files)
    for path in wanted:
        if not path.is_file():
            raise FileNotFoundError(f"file not found: {path}")
        if is_ignored(path):
            raise FileRejectedError(
                f"the file name marks an incomplete file: {path}; rename the file"
            )
        try:
            if is_archive(path):
                content_of(path)
            else:
                format_of(path, source.format)
        except FileRejectedError as error:
            raise FileRejectedError(f"{path}: {error}", error.content) from error
    folder = settings.landing_dir / kind
    folder.mkdir(parents=True, exist_ok=True)
    return [_copy(path, folder) for path in wanted]


def _copy(path: Path, folder: Path) -> Path:
    target = folder / f"{sha256_of(path)[:8]}-{path.name}"
    if not target.exists():
        temporary = folder / f".{target.name}.{os.getpid()}.tmp"
        try:
            shutil.copyfile(path, temporary)
            # Of two exports, the later one counts.
            state = path.stat()
            os.utime(temporary, ns=(state.st_atime_ns, state.st_mtime_ns))
            with temporary.open("rb") as handle:
                os.fsync(handle.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    return target
