"""Fetched files appear in the landing folder complete, or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEMPORARY = ".fetching.tmp"
"""One temporary name per folder: the next fetch overwrites the remains of a killed fetch."""


class AtomicFile:
    """A file that is being written to a folder."""

    def __init__(self, handle: IO[bytes], folder: Path) -> None:
        self.handle = handle
        self._folder = folder

    def keep_as(self, name: str) -> Path:
        """Flush the file to disk and rename it to its final name."""
        self.handle.flush()
        os.fsync(self.handle.fileno())
        return Path(self.handle.name).replace(self._folder / name)


@contextmanager
def atomic_file(folder: Path) -> Iterator[AtomicFile]:
    """Write a file that landing ignores until `keep_as`; without `keep_as` the file is deleted."""
    temporary = folder / _TEMPORARY
    try:
        with temporary.open("wb") as handle:
            yield AtomicFile(handle, folder)
    finally:
        temporary.unlink(missing_ok=True)
