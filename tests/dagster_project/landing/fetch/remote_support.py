"""Real servers on loopback, and a proxy that breaks connections to them."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import psycopg
import pytest


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Proxy:
    """Forwards TCP connections; cuts or stalls a connection after `after` bytes of replies."""

    def __init__(self, port: int, *, after: int, stalls: bool = False) -> None:
        self._server = port
        self._after = after
        self._stalls = stalls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = [self._listener]
        self.reached = threading.Event()
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server))
                self._open += [client, server]
                threading.Thread(target=self._ask, args=(client, server), daemon=True).start()
                threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := client.recv(65536):
                server.sendall(block)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        left = self._after
        with contextlib.suppress(OSError):
            while left and (block := server.recv(min(left, 65536))):
                client.sendall(block)
                left -= len(block)
            if not left:
                self.reached.set()
                if self._stalls:
                    return
            client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for held in self._open:
            held.close()


class Postgres:
    """A PostgreSQL server that a test can kill and restart."""

    def __init__(self) -> None:
        initdb = shutil.which("initdb") or next(
            map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), None
        )
        if initdb is None:
            pytest.skip("PostgreSQL's initdb is not installed (scripts/test-deps.sh)")
        if os.geteuid() == 0 and shutil.which("runuser") is None:
            pytest.skip("PostgreSQL does not run as root, and runuser is not installed")
        # The socket's path must be short, and readable by the server's user.
        self._home = Path(tempfile.mkdtemp(prefix="sendhouse-"))
        self._as_user = []
        if os.geteuid() == 0:
            shutil.chown(self._home, "nobody")
            self._as_user = ["runuser", "-u", "nobody", "--"]
        self._binaries = Path(initdb).resolve().parent
        self.port = free_port()
        ready = self._run("initdb", "-A", "trust", "-U", "sendhouse", "--no-sync")
        if ready.returncode != 0:
            self.remove()
            pytest.skip(f"PostgreSQL's initdb does not work here: {ready.stderr.strip()[-200:]}")
        self.start()

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                *self._as_user,
                str(self._binaries / program),
                "-D",
                str(self._home / "data"),
                *arguments,
            ],
            capture_output=True,
            text=True,
            cwd=self._home,
        )

    def start(self) -> None:
        options = f"-k {self._home} -p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off"
        log = str(self._home / "log")
        # A log file, because the server would keep the pipes of pg_ctl open.
        started = self._run("pg_ctl", "-w", "-l", log, "-o", options, "start")
        assert started.returncode == 0, started.stderr

    def crash(self) -> None:
        """Stop the server immediately, like a power cut."""
        self._run("pg_ctl", "-m", "immediate", "stop")

    def remove(self) -> None:
        self.crash()
        shutil.rmtree(self._home, ignore_errors=True)

    def url(self, port: int | None = None) -> str:
        return f"postgresql://sendhouse@127.0.0.1:{port or self.port}/postgres?sslmode=disable"

    def execute(self, *statements: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def wait_for_sleeper(self) -> None:
        """Wait until a fetch runs into `pg_sleep`."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            for _ in range(300):
                found = connection.execute(
                    """select from pg_stat_activity
                       where application_name = 'sendhouse' and wait_event = 'PgSleep'"""
                ).fetchall()
                if found:
                    return
                time.sleep(0.05)
        raise AssertionError("no fetch sleeps")
