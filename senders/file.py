"""The sender "file": every message becomes an `.eml` file, and no mail leaves the machine.

The path is `<outbox>/<YYYY-MM-DD of the message's date, UTC>/<send_id>.eml`. The file is written
under a temporary name, synced, and renamed: an existing file is whole, a missing file was not sent.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from senders.base import Evidence, Outcome, SenderUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping


def create(config: Mapping[str, Any]) -> FileSender:
    """Make the sender; reads `outbox` (a folder, created if missing)."""
    return FileSender(Path(config["outbox"]))


class FileSender:
    """Writes messages into a folder.

    Args:
        outbox: the folder.

    """

    name = "file"
    connections = 1
    supports_smtputf8 = True

    def __init__(self, outbox: Path) -> None:
        self._outbox = outbox

    async def open(self) -> None:
        """Make the outbox.

        Raises:
            SenderUnavailableError: the folder cannot be made.

        """
        try:
            self._outbox.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SenderUnavailableError(
                f"the outbox {self._outbox} cannot be made: {error.strerror}"
            ) from error

    async def close(self) -> None:
        """Do nothing: no file stays open."""

    async def send(
        self, *, envelope_from: str, recipient: str, message_id: str, data: bytes, send_id: str
    ) -> Outcome:
        """Write the message; the path under the outbox is its `provider_message_id`.

        Raises:
            SenderUnavailableError: the file cannot be written, for example on a full disk.

        """
        del envelope_from, recipient, message_id
        date = parsedate_to_datetime(BytesHeaderParser().parsebytes(data)["Date"])
        folder = self._outbox / date.astimezone(UTC).date().isoformat()
        path = folder / f"{send_id}.eml"
        # With the process id in the name, two dispatchers never write to the same file.
        unfinished = folder / f".{send_id}.{os.getpid()}.tmp"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write(unfinished, data)
            unfinished.replace(path)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink()
            raise SenderUnavailableError(
                f"the outbox {self._outbox} takes no message: {error.strerror}"
            ) from error
        # The message is there; only a power cut could still undo a failed sync.
        with suppress(OSError):
            _sync_folder(folder)
        return Outcome("sent", provider_message_id=path.relative_to(self._outbox).as_posix())

    def evidence(self, send_id: str, message_id: str) -> Evidence:
        """Check whether the file exists; the answer is certain, because a rename is atomic."""
        del message_id
        return "sent" if any(self._outbox.glob(f"*/{send_id}.eml")) else "not_sent"


def _write(path: Path, data: bytes) -> None:
    """Write a file down to the disk."""
    with path.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
