"""Shared by the tests of the senders: an e-mail, sends, and a reader of received messages."""

from __future__ import annotations

import email
import email.policy
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from senders.model import Send

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
WELCOME = """---
subject: "Welcome, {{ contact.first_name }}"
---
<mjml><mj-body><mj-section><mj-column>
<mj-text>Hello {{ contact.first_name }},
see <a href="https://app.northwind.example/setup?a=1&amp;b=2">the setup</a>.</mj-text>
<mj-text>{{ identity.postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
"""


def make_send(send_id: str = "send-1", **changes) -> Send:
    row = {
        "contact_id": "c1",
        "email": "jo@example.org",
        "sequence": "activation",
        "step": "welcome",
        "variant": "default",
        "template": "activation/welcome",
        "scheduled_at": NOW,
        "expires_at": NOW + timedelta(days=2),
        "priority": 1,
        "personalization": {"first_name": "Jo"},
    }
    return Send(send_id=send_id, **(row | changes))


def write_templates(root: Path, **files: str) -> Path:
    """Write `folder__name__suffix="content"` as folder/name.suffix."""
    for name, content in files.items():
        *folders, stem, suffix = name.split("__")
        path = root.joinpath(*folders, f"{stem}.{suffix}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return root


def parse(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Sink:
    port: int
    dump: Path

    def messages(self) -> list[EmailMessage]:
        return [parse(path.read_bytes()) for path in sorted(self.dump.iterdir())]

    def send_ids(self) -> list[str]:
        return sorted(str(message["X-Sendhouse-Send-Id"]) for message in self.messages())


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
