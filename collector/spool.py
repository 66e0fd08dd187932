"""Landing files: rows are appended to a hidden part, and a rename hands the part over.

The loader never sees half a file. A part is named `.collector-….jsonl.part`, which the loader
ignores, until the part is complete and synced; then it is renamed to `collector-….jsonl`. The next
start completes a part left by a crash: whole lines stay, and a torn last line is dropped. A torn
line was never confirmed as stored.

One thread writes, so rows that wait for the disk share one fsync.
"""

from __future__ import annotations

import fcntl
import logging
import os
import queue
import threading
import time
import uuid
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from collector.contract import line_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

logger = logging.getLogger(__name__)

_PART_SUFFIX = ".part"


class SpoolBusyError(Exception):
    """Another collector writes to the same folder."""


class Spool:
    """Appends rows to the landing files of one folder; use it as a context manager.

    Args:
        directory: the folder, created if missing. One spool at a time may be open on a folder.
        clock: gives the time (UTC) for file names.
        rotate_seconds: a part of this age is handed to the loader.
        rotate_rows: a part with this many rows is handed to the loader at once.

    Raises:
        SpoolBusyError: on entering, if another process uses the folder.
        OSError: on entering, if the folder is not writable.
    """

    def __init__(
        self,
        directory: Path,
        *,
        clock: Callable[[], datetime],
        rotate_seconds: float,
        rotate_rows: int,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._rotate_seconds = rotate_seconds
        self._rotate_rows = rotate_rows
        self._queue: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"spool-{directory.name}")

    def __enter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(self._directory)
        try:
            _finish_leftovers(self._directory)
        except OSError:
            os.close(self._lock)
            raise
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join()
        os.close(self._lock)

    def append(self, rows: Iterable[Mapping[str, Any]], *, durable: bool) -> Future[None]:
        """Store rows, each as one line of JSON.

        Args:
            rows: the rows to store; only JSON values.
            durable: whether the rows survive a power cut (fsync), or only the end of the process.

        Returns:
            A future that is done when all rows are stored. If no row is stored, the future holds
            the OSError.

        Raises:
            RuntimeError: the spool is not open.
        """
        if not self._thread.is_alive():
            raise RuntimeError(f"the spool of {self._directory} is not open")
        lines = [line_of(row) for row in rows]
        batch = _Batch(b"".join(lines), len(lines), durable)
        self._queue.put(batch)
        return batch.stored

    def probe(self) -> None:
        """Write a test file.

        Raises:
            OSError: the folder is not writable, so no row can be stored now.
        """
        path = self._directory / ".probe.tmp"
        with path.open("wb") as handle:
            handle.write(b"ok")
            os.fsync(handle.fileno())

    # ── the writing thread ────────────────────────────────────────────────────────────────────
    def _run(self) -> None:
        part: _Part | None = None
        closing = False
        while not closing:
            deadline = None if part is None else part.started + self._rotate_seconds
            batches, closing = self._take(deadline)
            if batches:
                part = self._store(part, batches)
            if part is not None and (closing or self._is_full(part)):
                _publish(part)
                part = None

    def _take(self, deadline: float | None) -> tuple[list[_Batch], bool]:
        """Wait for batches until the deadline; return them, and whether the spool closes."""
        batches: list[_Batch] = []
        try:
            timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
            batch = self._queue.get(timeout=timeout)
            while batch is not None:
                batches.append(batch)
                batch = self._queue.get_nowait()
        except queue.Empty:
            return batches, False
        return batches, True

    def _store(self, part: _Part | None, batches: list[_Batch]) -> _Part | None:
        # From here on a waiting request cannot cancel its rows.
        waiting = [batch.stored for batch in batches if batch.stored.set_running_or_notify_cancel()]
        try:
            if part is None:
                part = _Part.create(self._directory, self._clock())
            part.append(
                b"".join(batch.data for batch in batches),
                sum(batch.rows for batch in batches),
                durable=any(batch.durable for batch in batches),
            )
        except Exception as error:  # noqa: BLE001 - every waiting request gets the error
            for future in waiting:
                future.set_exception(error)
            if part is not None:
                # A part with a failed write or fsync takes no more rows.
                _publish(part)
            return None
        for future in waiting:
            future.set_result(None)
        return part

    def _is_full(self, part: _Part) -> bool:
        old = time.monotonic() >= part.started + self._rotate_seconds
        return old or part.rows >= self._rotate_rows


@dataclass(frozen=True)
class _Batch:
    data: bytes
    rows: int
    durable: bool
    stored: Future[None] = field(default_factory=Future)


class _Part:
    """An unfinished landing file. `started` is monotonic seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self.started = time.monotonic()
        self._size = 0
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)

    @classmethod
    def create(cls, directory: Path, now: datetime) -> _Part:
        name = f"collector-{now:%Y%m%dT%H%M%S.%fZ}-{uuid.uuid4().hex[:8]}.jsonl"
        part = cls(directory / f".{name}{_PART_SUFFIX}")
        _sync_directory(directory)
        return part

    def append(self, data: bytes, rows: int, *, durable: bool) -> None:
        """Write all of `data`, or nothing."""
        try:
            written = 0
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
            if durable:
                os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(data)
        self.rows += rows

    def close(self) -> None:
        os.fsync(self._descriptor)
        os.close(self._descriptor)


def _publish(part: _Part) -> None:
    try:
        part.close()
        _hand_over(part.path)
    except OSError:
        logger.exception(
            "%s is not handed over; the next start of the collector hands it over", part.path
        )


def _hand_over(path: Path) -> None:
    """Give a complete part its final name, or remove an empty part."""
    if path.stat().st_size:
        path.rename(path.with_name(path.name.removeprefix(".").removesuffix(_PART_SUFFIX)))
    else:
        path.unlink()
    _sync_directory(path.parent)


def _finish_leftovers(directory: Path) -> None:
    for path in sorted(directory.glob(f".collector-*{_PART_SUFFIX}")):
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        with path.open("r+b") as handle:
            handle.truncate(whole)
            os.fsync(handle.fileno())
        _hand_over(path)
        logger.warning(
            "%s: left by a crash; %d bytes kept, a torn last line of %d bytes dropped",
            path.name,
            whole,
            len(content) - whole,
        )


def _lock(directory: Path) -> int:
    # The operating system holds the lock, so the lock ends with the process in every case.
    descriptor = os.open(directory / ".collector.lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise SpoolBusyError(
            f"another collector writes to {directory}: stop it first, or set another SENDHOUSE_HOME"
        ) from error
    return descriptor


def _sync_directory(directory: Path) -> None:
    # A new or changed name survives a power cut only after its folder is synced.
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
