"""Errors that concern a file as a whole."""

from __future__ import annotations


class KindError(Exception):
    """The kind of file is unknown; the message lists the known kinds."""


class FileRejectedError(Exception):
    """A file cannot land, and a second try would fail too.

    The message goes to reports and logs, so it contains nothing of the file's content. `content`
    may: it goes to `raw.rejects` only.
    """

    def __init__(self, reason: str, content: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.content = content


class FileChangedError(Exception):
    """A file changed or disappeared while landing read it. The next tick may find it complete."""

    message = "the file changed or disappeared during reading; the next tick tries again"


class FetchError(Exception):
    """A remote source, or a part of its new data, cannot be fetched now.

    The message goes to reports and logs: it names the remedy, and contains no row and no secret.
    """
