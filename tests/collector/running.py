"""A real collector: its own process, granian, HTTP on loopback."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from senders.links import Links

REPOSITORY = Path(__file__).resolve().parents[2]
TOKEN = "a token for tests"
LINKS = Links("http://127.0.0.1", "a key for tests")

PROGRAM = """
import json, os, sys
from pathlib import Path
from collector import webhooks
from collector.config import CollectorConfig
from collector.server import serve
from senders.links import Links
landing, port, token, limits, *providers = sys.argv[1:]
webhooks.__path__.extend(providers)
serve(
    CollectorConfig(
        landing_dir=Path(landing),
        links=Links("http://127.0.0.1", "a key for tests"),
        events_token=token or None,
        webhooks=tuple(webhooks.load_webhooks(os.environ)),
        **json.loads(limits),
    ),
    "127.0.0.1",
    int(port),
)
"""


class RunningCollector:
    """One collector process and its landing files.

    `providers` is a folder with further webhook modules; `limits` are further settings;
    `variables` are environment variables.
    """

    def __init__(
        self,
        landing: Path,
        *,
        token: str = TOKEN,
        rotate_seconds: float = 0.2,
        port: int = 0,
        providers: Path | None = None,
        limits: dict[str, float] | None = None,
        **variables: str,
    ) -> None:
        self.landing = landing
        self.port = port or free_port()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=10)
        config = {"rotate_seconds": rotate_seconds, **(limits or {})}
        self._arguments = [str(landing), str(self.port), token, json.dumps(config)]
        self._arguments += [str(providers)] if providers else []
        self._environment = os.environ | variables
        self._log = landing.with_name(f"{landing.name}.log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "RunningCollector":
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, *self._arguments],
                cwd=REPOSITORY,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + 30
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                if self.client.get("/health").status_code == 200:
                    return self
            except httpx.TransportError:
                time.sleep(0.02)
        raise AssertionError(f"the collector did not start: {self.log()}")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        return self.process.wait(timeout=30)

    def log(self) -> str:
        return self._log.read_text()

    def parts(self, kind: str) -> list[Path]:
        return sorted((self.landing / kind).glob(".collector-*.part"))

    def landed(self, kind: str) -> list[dict[str, Any]]:
        """The rows that the loader can see now."""
        rows = []
        for path in sorted((self.landing / kind).glob("[!.]*")):
            assert path.suffix == ".jsonl"
            rows += [json.loads(line) for line in path.read_text().splitlines()]
        return rows

    def wait_for_rows(self, kind: str, count: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 10
        while len(self.landed(kind)) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        rows = self.landed(kind)
        assert len(rows) == count
        return rows

    def wait_for(self, kind: str, send_id: str) -> list[dict[str, Any]]:
        """The rows of a send, as soon as the loader can see one."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            rows = [row for row in self.landed(kind) if row["send_id"] == send_id]
            if rows:
                return rows
            time.sleep(0.02)
        raise AssertionError(f"no row of {send_id}: {self.log()}")

    def all_rows(self, kind: str) -> list[dict[str, Any]]:
        """The rows after the collector has stopped and handed over all of its parts."""
        self.end()
        assert self.parts(kind) == []
        return self.landed(kind)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
