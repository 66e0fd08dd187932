"""What can be wrong with a file as a whole."""

from __future__ import annotations


class KindError(Exception):
    """There is no such kind of file; the message lists the kinds that there are."""


class FileRejectedError(Exception):
    """A file cannot land at all, and would not if it were tried again.

    The message goes to reports and logs, so it holds nothing of the file's content. `content` may:
    it goes to `raw.rejects` only.
    """

    def __init__(self, reason: str, content: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.content = content


class FileChangedError(Exception):
    """A file was written to, or went away, while it was read. Another tick may find it whole."""

    message = "the file changed or went away while it was read; the next tick looks again"


class FetchError(Exception):
    """A remote source, or part of what is new in it, cannot be had now.

    The message goes to reports and logs: it says what to do, and holds nothing of the rows and no
    secret.
    """
