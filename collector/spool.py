"""Landing files: rows are appended to a hidden part and handed over by renaming it.

The loader never sees half a file: a part is called `.collector-….jsonl.part` (it ignores such
names) until it is complete, safe on disk, and renamed to `collector-….jsonl`. A part that a crash
left behind is completed at the next start: whole lines stay, a torn last line, which nobody was
told is stored, goes.

One thread writes, so that rows waiting for the disk share one fsync.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import queue
import threading
import time
import uuid
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

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
        directory: made when missing. One spool at a time may be open on it.
        clock: tells the time (UTC) for file names.
        rotate_seconds: age at which a part is handed to the loader.
        rotate_rows: number of rows at which it is, however young.

    Raises:
        SpoolBusyError: on entering, when another process has the folder.
        OSError: on entering, when the folder cannot be written to.
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
            rows: what to store; only JSON values.
            durable: whether "stored" survives a power cut (fsync), or only the end of this process.

        Returns:
            A future that is done once the rows are stored, or holds the OSError that says why all
            of them are not.

        Raises:
            RuntimeError: the spool is not open.
        """
        if not self._thread.is_alive():
            raise RuntimeError(f"the spool of {self._directory} is not open")
        lines = [json.dumps(row, separators=(",", ":")).encode() + b"\n" for row in rows]
        batch = _Batch(b"".join(lines), len(lines), durable)
        self._queue.put(batch)
        return batch.stored

    def probe(self) -> None:
        """Try whether the folder can be written to.

        Raises:
            OSError: it cannot; nothing would be stored now.
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
        """Wait for work until the deadline; return all of it, and whether it is the last."""
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
        # From here on a waiting request can no longer call its rows back.
        waiting = [batch.stored for batch in batches if batch.stored.set_running_or_notify_cancel()]
        try:
            if part is None:
                part = _Part.create(self._directory, self._clock())
            part.append(
                b"".join(batch.data for batch in batches),
                sum(batch.rows for batch in batches),
                durable=any(batch.durable for batch in batches),
            )
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it is
            for future in waiting:
                future.set_exception(error)
            if part is not None:
                # After a failed write or fsync nothing may be appended any more.
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
    """A landing file in the making. `started` is monotonic seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self.started = time.monotonic()
        self._size = 0
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)

    @classmethod
    def create(cls, directory: Path, now: datetime) -> _Part:
        name = f"collector-{now:%Y%m%dT%H%M%S.%fZ}-{uuid.uuid4().hex[:8]}.jsonl"
        part = cls(directory / f".{name}{_PART_SUFFIX}")
        _sync_directory(directory)
        return part

    def append(self, data: bytes, rows: int, *, durable: bool) -> None:
        """Write all of `data` or none of it."""
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
        logger.exception("%s stays behind; the next start of the collector hands it on", part.path)


def _hand_over(path: Path) -> None:
    """Give a complete part its final name, or remove it when nothing is in it."""
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
    # The lock is the operating system's, so it ends with the process, however that ends.
    descriptor = os.open(directory / ".collector.lock", os.O_WRONLY | os.O_CREAT, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise SpoolBusyError(
            f"another collector writes to {directory}: stop it first, or set another SENDHOUSE_HOME"
        ) from error
    return descriptor


def _sync_directory(directory: Path) -> None:
    # A new or changed name is only safe once its folder is.
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
