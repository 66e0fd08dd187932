"""Files to land: find them, tell them apart, put them in place."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from datetime import UTC
from errno import EINVAL
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

from dagster_project.landing.errors import FileChangedError, FileRejectedError
from dagster_project.landing.formats.readers import format_of
from dagster_project.landing.shapes.kinds import kind_of_folder, parse_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from dagster_project.home.settings import Settings

DONE = ".done"
"""Folder under `landing/` of what has landed; nothing reads it, and it may be emptied."""
_BEING_WRITTEN = (".tmp", ".part")


@dataclass(frozen=True)
class State:
    """What can be known of a file without reading it."""

    bytes: int
    modified_ns: int


def state_of(path: Path) -> State:
    """A file's size and time of change.

    Raises:
        FileChangedError: it is gone.
        OSError: it cannot be looked at, or is a pipe or a device, which would be read for ever.

    """
    try:
        stat = path.stat()
    except FileNotFoundError as error:
        raise FileChangedError from error
    if not S_ISREG(stat.st_mode):
        raise OSError(EINVAL, "it is no regular file")
    return State(stat.st_size, stat.st_mtime_ns)


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def is_ignored(path: Path) -> bool:
    """Whether a writer is not done with the file yet, by its name."""
    return path.name.startswith(".") or path.name.endswith(_BEING_WRITTEN)


def discover(settings: Settings) -> list[tuple[str, Path]]:
    """Every file in `landing/` and under the sources' paths.

    Returns:
        (kind name, path), ordered by both. A folder that is no kind is returned as one: it is told
        when its files are landed.

    """
    found = set(_in_landing(settings.landing_dir))
    for name, source in settings.sources.items():
        if source.path is not None and not source.is_remote:
            found.update((name, path) for path in _glob(settings.project_dir / source.path))
    return sorted(found)


def _in_landing(landing_dir: Path) -> Iterator[tuple[str, Path]]:
    for folder, subfolders, names in os.walk(landing_dir):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        for name in names:
            path = Path(folder) / name
            if not is_ignored(path):
                yield kind_of_folder(path.relative_to(landing_dir)), path


def _glob(pattern: Path) -> Iterator[Path]:
    for path in Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))):
        if path.is_file() and not is_ignored(path):
            yield path


def put_away(path: Path, state: State, settings: Settings, landed_at: datetime) -> None:
    """Move a file that has landed out of the landing folder's sight, to `.done/<day>/`.

    So that a look at the folder costs what is new in it, not what ever was. A file elsewhere stays
    where it is, and so does one that is another by now than the `state` that landed.

    Raises:
        OSError: it cannot be moved.

    """
    if not path.is_relative_to(settings.landing_dir):
        return
    place = path.relative_to(settings.landing_dir)
    target = settings.landing_dir / DONE / f"{landed_at.astimezone(UTC):%Y-%m-%d}" / place
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if state_of(path) != state:
            return
        if target.exists():  # another file of that name, earlier in the day
            target = target.with_name(f"{state.modified_ns}-{target.name}")
        path.replace(target)
    except (FileChangedError, FileNotFoundError):
        pass  # gone already: somebody else tidies up here, too


def copy_to_landing(files: Iterable[Path], kind: str, settings: Settings) -> list[Path]:
    """Put files where the next tick lands them.

    A copy keeps its name, after a short hash of its content, so that two files of one name live
    side by side and copying one twice changes nothing.

    Args:
        files: what to copy.
        kind: `events`, `tracking`, `crm/<source>/<object>` or a source's name.
        settings: where `landing/` is and which sources there are.

    Returns:
        The copies, in the order of `files`.

    Raises:
        KindError: there is no such kind.
        FileRejectedError: a file's name says that it is not done, or does not say its format.
        FileNotFoundError: a file is not there. Nothing has been copied then.

    """
    source = parse_kind(kind, settings.sources).source
    wanted = list(files)
    for path in wanted:
        if not path.is_file():
            raise FileNotFoundError(f"no such file: {path}")
        if is_ignored(path):
            raise FileRejectedError(f"{path} is named like a file that is still being written")
        format_of(path, source.format)
    folder = settings.landing_dir / kind
    folder.mkdir(parents=True, exist_ok=True)
    return [_copy(path, folder) for path in wanted]


def _copy(path: Path, folder: Path) -> Path:
    target = folder / f"{sha256_of(path)[:8]}-{path.name}"
    if not target.exists():
        passing = folder / f".{target.name}.{os.getpid()}.tmp"
        try:
            shutil.copy2(path, passing)  # with its time: of two exports the later one counts
            with passing.open("rb") as handle:
                os.fsync(handle.fileno())
            passing.replace(target)
        finally:
            passing.unlink(missing_ok=True)
    return target
