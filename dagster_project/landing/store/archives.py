"""ZIP archives: the files of an archive land one by one, as if they lay in the landing folder."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from dagster_project.landing.errors import FileRejectedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAX_FILES = 1_000
_MAX_BYTES = 10 << 30
_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tgz")
_INCOMPLETE = (".tmp", ".part")
_HIDDEN = ("__MACOSX", "Thumbs.db", "desktop.ini")
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError)


@dataclass(frozen=True)
class Content:
    """The files of an archive."""

    files: dict[str, zipfile.ZipInfo]
    """The files by the name under which they land: `folder-name.csv` for `folder/name.csv`."""
    hidden: int
    """The number of files that landing leaves out: hidden files, and what macOS adds."""


def is_archive(path: Path) -> bool:
    """Whether the file is a ZIP archive by its name. Excel workbooks are ZIP archives too."""
    return path.suffix.lower() == ".zip"


def content_of(path: Path) -> Content:
    """List the files of an archive, without unpacking.

    Raises:
        FileRejectedError: the file is not a ZIP archive, is damaged or encrypted, has no file, or
            unpacking is not safe.

    """
    with _opened(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
    files: dict[str, zipfile.ZipInfo] = {}
    hidden = 0
    for info in infos:
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        if not parts or ".." in parts or parts[0].startswith("/") or ":" in parts[0]:
            raise _refused("a file of it has a path outside the archive", info)
        if parts[0] in _HIDDEN or parts[-1] in _HIDDEN or parts[-1].startswith("."):
            hidden += 1
            continue
        name = "".join(sign if sign.isprintable() else "_" for sign in "-".join(parts))[-150:]
        if info.flag_bits & 0x1:
            raise _refused("it is encrypted; unpack it with its password", info)
        if info.create_system == 3 and stat.S_ISLNK(info.external_attr >> 16):  # made by Unix
            raise _refused("it has a symbolic link", info)
        if PurePosixPath(name).suffix.lower() in _ARCHIVES:
            raise _refused("it has an archive inside; unpack it", info)
        if name.endswith(_INCOMPLETE):
            raise _refused("the name of a file marks the file as incomplete", info)
        if name in files:
            raise _refused("two of its files get the same name; rename one", info)
        files[name] = info
    if not files:
        raise FileRejectedError("the ZIP archive has no file to land")
    size = sum(info.file_size for info in files.values())
    if len(files) > _MAX_FILES or size > _MAX_BYTES:
        raise FileRejectedError(
            f"the ZIP archive has {len(files):,} files of {size:,} bytes; at most {_MAX_FILES:,} "
            f"files and {_MAX_BYTES:,} bytes are unpacked: unpack the archive yourself"
        )
    return Content(files, hidden)


def unpack(path: Path, content: Content, folder: Path, mark: str, modified_ns: int) -> list[Path]:
    """Write the files of an archive to a folder; each file appears only when all are complete.

    Args:
        path: the archive.
        content: its files, from `content_of`.
        folder: the folder to write to.
        mark: the first part of each file's name; it tells two archives apart.
        modified_ns: the modification time of the files: of two exports, the later one counts.

    Raises:
        FileRejectedError: a file of the archive is damaged; no file was written.
        OSError: the disk is full.

    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[tuple[Path, Path]] = []
    try:
        with _opened(path) as archive:
            for name, info in content.files.items():
                target = folder / f"{mark}-{name}"
                temporary = folder / f".{target.name}.tmp"
                written.append((temporary, target))
                # zipfile never returns more bytes than the archive's directory declares.
                with archive.open(info) as source, temporary.open("wb") as handle:
                    shutil.copyfileobj(source, handle, 1 << 20)
                    handle.flush()
                    os.fsync(handle.fileno())
                os.utime(temporary, ns=(modified_ns, modified_ns))
        for temporary, target in written:
            temporary.replace(target)
    finally:
        for temporary, _ in written:
            temporary.unlink(missing_ok=True)
    return [target for _, target in written]


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive; an error of its content becomes a FileRejectedError."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except _DAMAGED as error:
        raise FileRejectedError(
            "the file is no ZIP archive, or is damaged, or is packed in a way that is not read: "
            "pack its files again as .zip",
            str(error),
        ) from error


def _refused(why: str, info: zipfile.ZipInfo) -> FileRejectedError:
    return FileRejectedError(f"the ZIP archive does not land: {why}", info.filename)
