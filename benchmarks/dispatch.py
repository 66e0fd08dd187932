"""Sending: a complete dispatch over SMTP, and its two costly parts, rendering and the journal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import _postfix
from benchmarks._measure import ROOT, Comparison, Scale, call, command

if TYPE_CHECKING:
    from senders.links import Links
    from senders.model import Identity, Send

_NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
_CONNECTIONS = 4


def comparisons(scale: Scale, scratch: Path) -> Iterator[Comparison]:
    """Compare with Postfix's load generator; without Postfix, measure only the parts."""
    sends = scale.of(5_000, 20)
    sink, source = _postfix.find("smtp-sink"), _postfix.find("smtp-source")
    if sink and source:
        with _postfix.listening(sink) as port:
            size = int(call(compose_all, sends=1).parts["bytes"])
            peer = (source, "-d", "-s", str(_CONNECTIONS), "-m", str(sends), "-l", str(size))
            yield Comparison(
                f"send {sends:,} e-mails (SMTP)",
                lambda: call(send_all, sends=sends, port=port, scratch=scratch),
                "smtp-source, as many bytes",
                lambda: command(*peer, f"127.0.0.1:{port}"),
            )
    yield Comparison(
        f"  compose {sends:,}",
        lambda: call(compose_all, sends=sends),
        "Jinja alone",
        lambda: call(render_all, sends=sends),
    )
    yield Comparison(
        f"  journal of {sends:,}",
        lambda: call(journal_all, sends=sends, scratch=scratch),
        "SQLite, 2 commits a send",
        lambda: call(commit_all, sends=sends, scratch=scratch),
    )


def send_all(sends: int, port: int, scratch: str) -> dict[str, float]:
    """Dispatch all sends with the sender "smtp" and a new journal."""
    import asyncio

    from senders.base import load_sender
    from senders.dispatch import dispatch
    from senders.journal import Journal
    from senders.rendering import Templates

    journal = Journal(f"sqlite:///{_new(scratch)}")
    journal.create()
    sender = load_sender(
        "smtp",
        {
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "connections": _CONNECTIONS,
            "timeout_seconds": 60,
        },
    )
    started = time.perf_counter()
    report = asyncio.run(
        dispatch(
            _sends(sends),
            sender=sender,
            journal=journal,
            templates=Templates(ROOT / "templates"),
            identity=_identity(),
            links=_links(),
            clock=lambda: _NOW,
            max_attempts=1,
            retry_minutes=1,
            recheck=lambda _: None,
        )
    )
    seconds = time.perf_counter() - started
    journal.close()
    if report.sent != sends:
        raise RuntimeError(f"{report.sent} of {sends} sent: {report.problems[:3]}")
    return {"seconds": seconds}


def compose_all(sends: int) -> dict[str, float]:
    """Make the messages without sending them."""
    from senders.message import compose
    from senders.rendering import Templates

    templates, identity, links = Templates(ROOT / "templates"), _identity(), _links()
    started = time.perf_counter()
    size = 0
    for send in _sends(sends):
        size += len(compose(send, templates, identity, links, _NOW, smtputf8=False))
    seconds = time.perf_counter() - started
    return {"seconds": seconds} if sends > 1 else {"seconds": seconds, "bytes": size}


def render_all(sends: int) -> dict[str, float]:
    """Fill in the template: the least work of any sender, because MJML can be compiled once."""
    from jinja2 import Environment, FileSystemLoader

    from senders.rendering import template_context

    text = (ROOT / "templates" / "activation" / "welcome.mjml").read_text().split("---\n", 2)[2]
    environment = Environment(loader=FileSystemLoader(ROOT / "templates"), autoescape=True)
    template, identity = environment.from_string(text), _identity()
    started = time.perf_counter()
    for send in _sends(sends):
        template.render(template_context(send, identity, "https://x.example/u"))
    return {"seconds": time.perf_counter() - started}


def journal_all(sends: int, scratch: str) -> dict[str, float]:
    """Claim and record every send."""
    from senders.addresses import email_hash
    from senders.base import Outcome
    from senders.journal import Journal

    journal = Journal(f"sqlite:///{_new(scratch)}")
    journal.create()
    started = time.perf_counter()
    for send in _sends(sends):
        attempt = journal.claim(
            send.send_id,
            sender="smtp",
            message_id="<m@x>",
            email_hash=email_hash(send.email),
            started_at=_NOW,
            max_attempts=1,
        )
        if attempt is None:
            raise RuntimeError(f"{send.send_id} cannot be claimed")
        journal.record(send.send_id, attempt, Outcome("sent"), finished_at=_NOW, next_try_at=None)
    seconds = time.perf_counter() - started
    journal.close()
    return {"seconds": seconds}


def commit_all(sends: int, scratch: str) -> dict[str, float]:
    """Insert a row and update it, each commit durable before the next: the cost of "sent once"."""
    import sqlite3

    connection = sqlite3.connect(_new(scratch), isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("create table attempts (send_id primary key, status, at)")
    started = time.perf_counter()
    for number in range(sends):
        key = f"send-{number}"
        connection.execute("insert into attempts values (?, 'attempting', ?)", [key, str(_NOW)])
        connection.execute("update attempts set status = 'sent' where send_id = ?", [key])
    seconds = time.perf_counter() - started
    connection.close()
    return {"seconds": seconds}


def _new(scratch: str) -> Path:
    return Path(scratch) / f"journal-{time.time_ns()}.sqlite"


def _sends(count: int) -> Iterator[Send]:
    from senders.model import Send

    for number in range(count):
        yield Send(
            send_id=f"send-{number}",
            contact_id=f"c{number}",
            email=f"jo{number}@example.org",
            sequence="activation",
            step="welcome",
            variant="default",
            template="activation/welcome",
            scheduled_at=_NOW,
            expires_at=_NOW + timedelta(days=2),
            priority=1,
            personalization={
                "first_name": f"Jo {number}",
                "company_name": "Acme",
                "owner_name": "Ada",
                "owner_email": "ada@northwind.example",
            },
        )


def _identity() -> Identity:
    from senders.model import Identity

    return Identity(
        from_name="Ada at Northwind",
        from_email="ada@northwind.example",
        reply_to=None,
        postal_address="Northwind Software, 12 Harbour Street, 20457 Hamburg",
        list_id="lifecycle.northwind.example",
    )


def _links() -> Links:
    from senders.links import Links

    return Links("https://go.northwind.example", "a key for benchmarks")
