"""A dispatcher as a process: `python overlapping_dispatcher.py FOLDER PORT COUNT [TIMEOUT]`."""

import asyncio
import sys
from pathlib import Path

from senders.dispatch import dispatch
from senders.journal import Journal
from senders.links import Links
from senders.model import Identity
from senders.rendering import Templates
from senders.smtp import SmtpSender
from tests.senders.senders_support import NOW, make_send


def main(folder: Path, port: int, count: int, timeout: float = 20) -> None:
    print("ready", flush=True)  # noqa: T201 - the test waits for it
    sys.stdin.readline()
    report = asyncio.run(
        dispatch(
            (make_send(f"send-{number:04}") for number in range(count)),
            sender=SmtpSender(
                host="127.0.0.1",
                port=port,
                security="none",
                connections=3,
                timeout_seconds=timeout,
            ),
            journal=Journal(f"sqlite:///{folder / 'journal.sqlite'}"),
            templates=Templates(folder / "templates"),
            identity=Identity(
                "Ada", "ada@northwind.example", None, "12 Harbour Street", "l.northwind.example"
            ),
            links=Links("https://go.northwind.example", "a key for tests"),
            clock=lambda: NOW,
            max_attempts=5,
            retry_minutes=15,
            recheck=lambda send: None,
        )
    )
    print(report.sent, flush=True)  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), *map(float, sys.argv[4:]))
