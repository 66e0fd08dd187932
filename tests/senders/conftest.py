"""Fixtures of the senders' tests: an identity, templates, a journal, and a real mail sink."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from senders.journal import Journal
from senders.links import Links
from senders.model import Identity
from senders.rendering import Templates
from tests.senders.senders_support import WELCOME, Sink, free_port, wait_for_port, write_templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SMTP_SINK = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@pytest.fixture
def identity() -> Identity:
    return Identity(
        from_name="Ada at Northwind",
        from_email="ada@northwind.example",
        reply_to="team@northwind.example",
        postal_address="Northwind Software, 12 Harbour Street, 20457 Hamburg",
        list_id="lifecycle.northwind.example",
    )


@pytest.fixture
def links() -> Links:
    return Links("https://go.northwind.example", "a key for tests")


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    return Templates(write_templates(tmp_path / "templates", activation__welcome__mjml=WELCOME))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.sqlite'}")
    journal.create()
    yield journal
    journal.close()


@pytest.fixture
def smtp_sink(tmp_path: Path) -> Iterator[Callable[..., Sink]]:
    """Start Postfix's smtp-sink with options; the sink stores each message in a file."""
    if SMTP_SINK is None:
        pytest.skip("postfix's smtp-sink is not installed (scripts/test-deps.sh)")
    running: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> Sink:
        dump = tmp_path / f"sink-{len(running)}"
        dump.mkdir()
        port = free_port()
        user = ["-u", "root"] if os.geteuid() == 0 else []
        process = subprocess.Popen(
            [SMTP_SINK, *user, *options, "-d", f"{dump}/m.", f"127.0.0.1:{port}", "100"]
        )
        running.append(process)
        wait_for_port(port)
        return Sink(port, dump)

    yield start
    for process in running:
        process.kill()
        process.wait()
