"""A copy of the warehouse, from which replays read while ticks go on.

DuckDB gives a file to one process that writes, or to processes that read. So a replay that read the
file itself would stop all mail until it ends.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings

# The request of ioctl_ficlone(2), the same on all processors that run Linux with 64 bits.
_FICLONE = 0x40049409


def folder(settings: Settings) -> Path:
    """The folder of replays; one process at a time uses it (`take`)."""
    return settings.home / "replay"


@contextmanager
def take(
    settings: Settings,
    what: str,
    wait_seconds: float = 0,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[Path]:
    """Copy the warehouse for the length of the block; give the path of the copy.

    The warehouse is held while it is copied: for an instant on a file system that shares blocks
    among files (Btrfs, XFS), otherwise for a second per gigabyte or so. The copy needs that space.

    Args:
        settings: the installation.
        what: the name of the holder in the message to a waiting process.
        wait_seconds: how long to wait for another replay, and then for the warehouse.
        on_wait: called with a message before each wait.

    Raises:
        WarehouseBusyError: another process still replays, or holds the warehouse.
        FileNotFoundError: there is no warehouse yet.
    """
    lock = settings.home / "replay.lock"
    held = warehouse.exclusive(lock, what, wait_seconds, on_wait, resource="the folder of replays")
    with held:
        shutil.rmtree(folder(settings), ignore_errors=True)  # left by a killed replay
        folder(settings).mkdir(parents=True)
        copy = folder(settings) / "live.duckdb"
        try:
            with warehouse.exclusive(settings.lock_path, what, wait_seconds, on_wait):
                with warehouse.connect(settings.warehouse_path) as connection:
                    connection.execute("checkpoint")
                _copy(settings.warehouse_path, copy)
            yield copy
        finally:
            shutil.rmtree(folder(settings), ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    """Copy a file, as shared blocks where the file system can."""
    with source.open("rb") as read, target.open("xb") as written:
        try:
            fcntl.ioctl(written.fileno(), _FICLONE, read.fileno())
        except OSError:
            shutil.copyfileobj(read, written, 1 << 24)
