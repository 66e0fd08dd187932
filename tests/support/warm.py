"""`sendhouse` commands forked from a warm parent: real processes without the import time.

The parent imports the modules of a tick and parses the project once. The parent opens no file of an
installation and starts no Python thread. A fork therefore behaves like a fresh process, also when
the fork is killed. Tests of the process start itself start `sendhouse` directly.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dagster_project.home.settings import PROJECT_DIR


class Forked:
    """A forked command with the part of `subprocess.Popen` that tests use."""

    def __init__(self, parent: Parent, pid: int, out: Path, err: Path) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._parent = parent
        self._out, self._err = out, err

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._parent.code_of(self.pid)
        return self.returncode

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def communicate(self, timeout: float) -> tuple[str, str]:
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("sendhouse", timeout)
            time.sleep(0.005)
        return self._out.read_text(encoding="utf-8"), self._err.read_text(encoding="utf-8")


class Parent:
    """The warm parent: a separate process, so no fork contains the threads of the tests."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="sendhouse-warm-")
        self._err = Path(self._folder.name, "err")
        self._codes: dict[int, int] = {}
        self._started = 0
        self._unread = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.warm"],
            cwd=PROJECT_DIR,
            env=os.environ | {"SENDHOUSE_HOME": self._folder.name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # In a file: at its end Python reports the semaphores of killed forks.
            stderr=self._err.open("wb"),
        )

    def start(self, program: str, argv: Sequence[str], env: Mapping[str, str]) -> Forked:
        """Fork one process with this environment; `program` is a key of `_PROGRAMS`."""
        self._started += 1
        out, err = (Path(self._folder.name, f"{self._started}.{end}") for end in ("out", "err"))
        request = {"program": program, "argv": argv, "env": env, "out": str(out), "err": str(err)}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        while True:
            for answer in self._answers(wait_seconds=120):
                if "started" in answer:
                    return Forked(self, answer["started"], out, err)
            if self._process.poll() is not None:
                raise RuntimeError(f"the warm parent ended: {self._err.read_text()}")

    def close(self) -> None:
        """End the process; a fork that still runs goes on."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def code_of(self, pid: int) -> int | None:
        """The exit code of a fork, as in `subprocess` (-9: killed); None while the fork runs."""
        self._answers(wait_seconds=0)
        return self._codes.get(pid)

    def _answers(self, wait_seconds: float) -> list[dict[str, Any]]:
        stdout = self._process.stdout
        assert stdout is not None
        if select.select([stdout], [], [], wait_seconds)[0]:
            self._unread += os.read(stdout.fileno(), 65536)
        *lines, self._unread = self._unread.split(b"\n")
        answers = [json.loads(line) for line in lines]
        self._codes.update({one["ended"]: one["code"] for one in answers if "ended" in one})
        return answers


@cache
def parent() -> Parent:
    """The warm parent of this test process, started for the first command."""
    return Parent()


def close() -> None:
    """End the warm parent, if there is one."""
    if parent.cache_info().currsize:
        parent().close()


def _serve() -> None:
    """Fork one child per line of standard input; report each start and end on standard output."""
    _warm_up()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    unread = b""
    while True:
        ready = select.select([0, reading], [], [])[0]
        if reading in ready:
            os.read(reading, 4096)
            _report_ended()
        if 0 in ready:
            read = os.read(0, 65536)
            if not read:
                return
            *lines, unread = (unread + read).split(b"\n")
            for line in lines:
                pid = os.fork()
                if pid == 0:
                    _run(json.loads(line))
                _write_answer(started=pid)


def _warm_up() -> None:
    import dbt.adapters.duckdb
    import dbt.task.build  # noqa: F401 - dbt imports its commands late

    import dagster_project.cli
    import dagster_project.definitions
    from dagster_project.home.settings import load_settings
    from dagster_project.project.dbt import warm_up
    from senders import mjml

    warm_up(load_settings())
    mjml.to_html("<mjml><mj-body></mj-body></mjml>")  # loads the compiler
    dagster_project.definitions.defs.resolve_job_def("tick")
    # Threads of allocators are designed to survive a fork; Python threads are not.
    assert threading.active_count() == 1, threading.enumerate()


def _run(request: dict[str, Any]) -> None:
    """Run the program with its own output and environment, then end the process."""
    code = 70
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number, path in ((1, request["out"]), (2, request["err"])):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(handle, number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.clear()
        os.environ.update(request["env"])
        _PROGRAMS[request["program"]](request["argv"])
        code = 0
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(ended.code)
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - the fork ends here after any error
        import traceback

        code = 1
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _command(argv: Sequence[str]) -> None:
    from dagster_project.cli import main, output

    if "COLUMNS" in os.environ:  # the consoles read COLUMNS when they are created
        for console in (output.out, output.err):
            console.width = int(os.environ["COLUMNS"])
    sys.argv = ["sendhouse", *argv]
    main()


def _tick(argv: Sequence[str]) -> None:
    """Run one tick at the given instant; print its report as `sendhouse tick --json` does."""
    from dagster_project.home import warehouse
    from dagster_project.home.settings import load_settings
    from dagster_project.home.warehouse import ClockError
    from dagster_project.project.dbt import DbtError
    from dagster_project.tick import stages
    from senders.base import SenderUnavailableError

    settings = load_settings()
    [as_of] = argv
    try:
        with warehouse.exclusive(settings.lock_path, "sendhouse tick", wait_seconds=60):
            report = stages.tick(settings, datetime.fromisoformat(as_of), with_tests=False)
    except (ClockError, DbtError, SenderUnavailableError) as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(report.as_dict()))


def _dbt(argv: Sequence[str]) -> None:
    from dbt.cli.main import cli

    sys.argv = ["dbt", *argv]
    cli()


_PROGRAMS = {"sendhouse": _command, "tick": _tick, "dbt": _dbt}


def _report_ended() -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _write_answer(ended=pid, code=os.waitstatus_to_exitcode(status))


def _write_answer(**answer: int) -> None:
    os.write(1, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    _serve()
