from __future__ import annotations

import signal
import time

import httpx

from dagster_project.home import warehouse
from tests.collector.running import free_port
from tests.support.home import Home, finish


def test_the_collector_starts_while_a_tick_holds_the_warehouse_and_stops_on_sigterm(home: Home):
    port = free_port()
    warehouse.create(home.folder / "warehouse.duckdb")
    with (
        warehouse.exclusive(home.folder / "warehouse.lock", "a tick of this test"),
        warehouse.connect(home.folder / "warehouse.duckdb"),
    ):
        collector = home.spawn(
            "sendhouse", "collect", "--port", str(port), SENDHOUSE_COLLECTOR_TOKEN="a token"
        )
        health = _answer(f"http://127.0.0.1:{port}/health")
    collector.send_signal(signal.SIGTERM)
    done = finish(collector)

    assert health.status_code == 200
    assert done.code == 0, done.err
    assert "a token" not in done.out + done.err
    assert "Traceback" not in done.err


def test_a_real_sender_needs_a_link_key(home: Home):
    done = finish(home.spawn("sendhouse", "collect", SENDHOUSE_DELIVERY__SENDER="smtp"))

    assert done.code == 3
    assert "SENDHOUSE_LINK_KEY" in done.err


def _answer(url: str) -> httpx.Response:
    deadline = time.monotonic() + 30
    while True:
        try:
            return httpx.get(url)
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the collector does not answer"
            time.sleep(0.05)
