import signal
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.collector.running import LINKS, PROGRAM, REPOSITORY, TOKEN, RunningCollector

BEARER = {"authorization": f"Bearer {TOKEN}"}


def event(number: int) -> dict[str, str]:
    return {
        "event_id": f"e-{number}",
        "contact_key": "ada@example.org",
        "name": "visited",
        "occurred_at": "2026-03-01T09:30:00Z",
    }


def test_rows_reach_the_loader_while_the_collector_runs(collector: RunningCollector):
    collector.client.post("/events", json=event(1), headers=BEARER)
    collector.wait_for_rows("events", 1)
    collector.client.post("/events", json=event(2), headers=BEARER)
    rows = collector.wait_for_rows("events", 2)
    assert [row["event_id"] for row in rows] == ["e-1", "e-2"]


def test_confirmed_rows_survive_kill_9(tmp_path: Path):
    running = RunningCollector(tmp_path / "landing", rotate_seconds=3600).start()
    for number in range(5):
        assert running.client.post("/events", json=event(number), headers=BEARER).is_success
    unsubscribe = urlsplit(LINKS.unsubscribe("send-1", "ada@example.org", "trial")).path
    assert running.client.post(unsubscribe, data={"List-Unsubscribe": "One-Click"}).is_success
    assert running.client.get(urlsplit(LINKS.open_pixel("send-2")).path).is_success
    running.end(signal.SIGKILL)
    assert running.landed("events") == []
    (part,) = running.parts("events")
    with part.open("ab") as handle:
        handle.write(b'{"event_id":"torn')

    again = RunningCollector(running.landing, port=running.port).start()
    assert [row["event_id"] for row in again.landed("events")] == [f"e-{n}" for n in range(5)]
    assert [row["send_id"] for row in again.landed("tracking")] == ["send-1", "send-2"]
    assert "a torn last line of 17 bytes dropped" in again.log()
    assert again.all_rows("events") == again.landed("events")


def test_kill_9_under_load_loses_no_confirmed_row_and_doubles_no_row(tmp_path: Path):
    running = RunningCollector(tmp_path / "landing", rotate_seconds=0.05).start()
    answered: list[int] = []
    enough = threading.Event()

    def post(first: int) -> None:
        with httpx.Client(base_url=running.client.base_url, headers=BEARER) as client:
            for number in range(first, first + 100_000):
                try:
                    client.post("/events", json=event(number)).raise_for_status()
                except httpx.TransportError:
                    return
                answered.append(number)
                if len(answered) >= 200:
                    enough.set()

    threads = [threading.Thread(target=post, args=(n * 1_000_000,)) for n in range(4)]
    for thread in threads:
        thread.start()
    assert enough.wait(30)
    running.end(signal.SIGKILL)
    for thread in threads:
        thread.join()

    again = RunningCollector(running.landing).start()
    stored = [row["event_id"] for row in again.all_rows("events")]
    assert {f"e-{number}" for number in answered} <= set(stored)
    assert len(stored) == len(set(stored))


def test_sigterm_hands_over_all_written_rows_and_exits_cleanly(tmp_path: Path):
    running = RunningCollector(tmp_path / "landing", rotate_seconds=3600).start()
    running.client.post("/events", json=event(1), headers=BEARER)
    assert running.landed("events") == []
    assert running.end(signal.SIGTERM) == 0
    assert len(running.landed("events")) == 1
    assert running.parts("events") == []


def test_no_token_and_no_address_reaches_the_log(collector: RunningCollector):
    link = urlsplit(LINKS.unsubscribe("send-1", "ada@example.org", "trial")).path
    collector.client.post(link, data={"List-Unsubscribe": "One-Click"})
    collector.client.post("/events", json=event(1), headers=BEARER)
    collector.end()
    assert link.rsplit("/", 1)[1] not in collector.log()
    assert "ada@example.org" not in collector.log()


@pytest.mark.parametrize("same", ["landing", "port"])
def test_a_second_collector_is_refused_with_the_reason(
    collector: RunningCollector, tmp_path: Path, same: str
):
    landing = collector.landing if same == "landing" else tmp_path / "other"
    port = collector.port if same == "port" else 0
    second = RunningCollector(landing, port=port)
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(landing), str(second.port), TOKEN, "{}"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode != 0
    reason = "another collector writes to" if same == "landing" else "in use"
    assert reason in ended.stderr
