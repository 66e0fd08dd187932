"""Idle and slow connections end, and do not keep an unsubscribe out."""

from __future__ import annotations

import resource
import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest

from collector import server
from tests.collector.running import LINKS, TOKEN, RunningCollector

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINK = urlsplit(LINKS.unsubscribe("send-1", "ada@example.org", "trial")).path
# Each of these keeps its connection and never completes a request.
HELD = {
    "idle": b"",
    "a part of the request line": b"POS",
    "a part of the head": b"GET /health HTTP/1.1\r\nHost: x\r\n",
    "a part of the body": b"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
    + TOKEN.encode()
    + b"\r\nContent-Length: 26\r\n\r\n{",
    "a part of a chunk": b"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
    + TOKEN.encode()
    + b"\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
    "a part of a form": b"POST "
    + LINK.encode()
    + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\nList",
    "a finished request": b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
    "a request of HTTP/1.0": b"GET /nowhere HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "the first bytes of HTTP/2": b"PRI * HTTP/2.0\r\n\r\n",
    "the first bytes of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """A collector with short time limits and few connections."""
    limits = {"header_seconds": 1, "body_seconds": 1, "max_connections": 20}
    landing = tmp_path_factory.mktemp("hasty") / "landing"
    running = RunningCollector(landing, limits=limits).start()
    yield running
    running.end()
    assert "Traceback" not in running.log()


def hold(running: RunningCollector, sent: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", running.port), timeout=10)
    connection.sendall(sent)
    return connection


def end_of(connection: socket.socket) -> bytes:
    """Read until the collector closes the connection; a timeout is an error."""
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


def test_every_connection_that_waits_is_closed(hasty: RunningCollector):
    started = time.monotonic()
    with ExitStack() as stack:
        held = {name: stack.enter_context(hold(hasty, sent)) for name, sent in HELD.items()}
        answers = {name: end_of(connection) for name, connection in held.items()}
    assert time.monotonic() - started < 8
    status = {name: answer[9:12] for name, answer in answers.items() if answer}
    assert status["a part of the body"] == status["a part of a chunk"] == b"408"
    assert b"x-content-type-options: nosniff" in answers["a part of the body"]
    # The link is signed, so the missing rest of the form changes nothing.
    assert status["a part of a form"] == b"200"


def test_a_head_that_comes_byte_by_byte_is_cut_off(hasty: RunningCollector):
    connection = hold(hasty, b"GET /health HTTP/1.1\r\nX: ")

    def drip() -> None:
        deadline = time.monotonic() + 8
        while time.monotonic() < deadline:
            connection.sendall(b"y")
            time.sleep(0.1)

    with connection, pytest.raises(ConnectionError):
        drip()


def test_an_unsubscribe_gets_through_when_all_connections_are_taken(hasty: RunningCollector):
    with ExitStack() as stack:
        for _ in range(10):
            for sent in HELD.values():
                stack.enter_context(hold(hasty, sent))
        answer = httpx.post(f"http://127.0.0.1:{hasty.port}{LINK}", timeout=30)
    assert answer.status_code == 200


def test_an_unsubscribe_gets_through_beside_2000_open_connections(tmp_path: Path):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < 2300:
        pytest.skip(f"the machine allows {most} open files a process")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    server._connections(2200)  # this process holds the other ends
    running = RunningCollector(tmp_path / "landing").start()
    waiting = [sent for name, sent in HELD.items() if name != "a finished request"]
    try:
        with ExitStack() as stack:
            for number in range(2000):
                sent = waiting[number % 4]  # idle, and the parts of a head and a body
                stack.enter_context(hold(running, sent))
            started = time.monotonic()
            answer = httpx.post(f"http://127.0.0.1:{running.port}{LINK}", timeout=30)
            assert answer.status_code == 200
            assert time.monotonic() - started < 5
            assert running.client.get("/health").status_code == 200
            [row] = running.wait_for_rows("tracking", 1)
            assert row["type"] == "unsubscribed"
    finally:
        running.end()
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(
    ("limits", "wanted", "possible", "raised"),
    [
        ((1024, 524_288), 8192, 8192, 8256),
        ((1024, 4096), 8192, 4032, 4096),
        ((20_000, 20_000), 8192, 8192, 20_000),
        ((1024, resource.RLIM_INFINITY), 8192, 8192, 8256),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 8192, 8192, resource.RLIM_INFINITY),
        ((256, 256), 8192, 192, 256),
    ],
)
def test_the_limit_of_open_files_is_raised_as_far_as_possible(
    monkeypatch: pytest.MonkeyPatch,
    limits: tuple[int, int],
    wanted: int,
    possible: int,
    raised: int,
):
    now = [limits]
    monkeypatch.setattr(resource, "getrlimit", lambda _: now[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: now.append(pair))
    assert server._connections(wanted) == possible
    assert now[-1] == (raised, limits[1])
