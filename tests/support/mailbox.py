"""A real SMTP server on loopback that keeps its messages: postfix's smtp-sink, or aiosmtpd."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aiosmtpd.controller import Controller

from tests.senders.senders_support import free_port, parse, wait_for_port

if TYPE_CHECKING:
    from email.message import EmailMessage

    from aiosmtpd.smtp import SMTP, Envelope, Session

SMTP_SINK = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@dataclass(frozen=True)
class Mailbox:
    """A running server and the folder in which it keeps each message as a file."""

    port: int
    folder: Path
    stop: Callable[[], object]

    @property
    def settings(self) -> dict[str, str]:
        """The settings that make Sendhouse send to this server."""
        return {
            "SENDHOUSE_DELIVERY__SENDER": "smtp",
            "SENDHOUSE_LINK_KEY": "a key for tests",
            "SENDHOUSE_SMTP__PORT": str(self.port),
            "SENDHOUSE_SMTP__SECURITY": "none",
        }

    def messages(self) -> list[EmailMessage]:
        return [parse(path.read_bytes()) for path in sorted(self.folder.iterdir())]

    def send_ids(self) -> list[str]:
        return [str(message["X-Sendhouse-Send-Id"]) for message in self.messages()]

    def arrived(self) -> list[tuple[str, str, str]]:
        """Send, envelope recipient and Message-ID of every message."""
        return sorted(
            (
                str(message["X-Sendhouse-Send-Id"]),
                str(message["X-Rcpt-Args"]).strip("<>"),
                str(message["Message-ID"]),
            )
            for message in self.messages()
        )


def start(folder: Path, *, late_by: int = 0) -> Mailbox:
    """Start a server that accepts each message `late_by` seconds after its arrival."""
    folder.mkdir(parents=True)
    return (_smtp_sink if SMTP_SINK else _aiosmtpd)(folder, late_by)


def _smtp_sink(folder: Path, late_by: int) -> Mailbox:
    port = free_port()
    user = ["-u", "root"] if os.geteuid() == 0 else []
    wait = ["-W", f".:{late_by}"] if late_by else []
    process = subprocess.Popen(
        [str(SMTP_SINK), *user, *wait, "-d", f"{folder}/m.", f"127.0.0.1:{port}", "100"]
    )
    wait_for_port(port)

    def stop() -> None:
        process.kill()
        process.wait()

    return Mailbox(port, folder, stop)


def _aiosmtpd(folder: Path, late_by: int) -> Mailbox:
    class Keep:
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
            name = f"{time.monotonic_ns()}"
            head = f"X-Rcpt-Args: <{envelope.rcpt_tos[0]}>\r\n".encode()
            (folder / name).write_bytes(head + (envelope.original_content or b""))
            await asyncio.sleep(late_by)
            return "250 2.0.0 kept"

    controller = Controller(Keep(), hostname="127.0.0.1", port=free_port())
    controller.start()
    return Mailbox(controller.port, folder, controller.stop)
