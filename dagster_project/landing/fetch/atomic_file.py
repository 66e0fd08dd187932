"""Files that come from elsewhere: in the landing folder whole, or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PASSING = ".fetching.tmp"
"""What is being fetched; one name a folder, so that what a killed fetch left is written over."""


class AtomicFile:
    """A file on its way into a folder."""

    def __init__(self, handle: IO[bytes], folder: Path) -> None:
        self.handle = handle
        self._folder = folder

    def keep_as(self, name: str) -> Path:
        """Put it in place, whole and on the disk, under its name."""
        self.handle.flush()
        os.fsync(self.handle.fileno())
        return Path(self.handle.name).replace(self._folder / name)


@contextmanager
def atomic_file(folder: Path) -> Iterator[AtomicFile]:
    """Write a file that landing ignores until it is kept; what is not kept is gone."""
    passing = folder / _PASSING
    try:
        with passing.open("wb") as handle:
            yield AtomicFile(handle, folder)
    finally:
        passing.unlink(missing_ok=True)
