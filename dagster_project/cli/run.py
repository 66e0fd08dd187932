"""`sendhouse run`."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from threading import Event
from types import FrameType

from dagster_project.cli.output import err, out
from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings

NAME = "run"


def command() -> None:
    """Tick when a file lands and at the times of schedule.tick_cron, until the process is stopped.

    SIGTERM or Ctrl-C ends the process after the messages under way.
    """
    # Imported here: the libraries of a tick take time to load.
    from dagster_project.resident import loop
    from dagster_project.tick.sender import require_sender

    settings = load_settings()
    require_sender(settings)
    stop = Event()

    def end(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)  # a second signal ends the process at once

    lock = settings.home / "run.lock"
    with warehouse.exclusive(lock, "sendhouse run", resource="this installation"):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        err.print(f"sendhouse run: {settings.home}; stop with Ctrl-C", markup=False)
        loop.run(settings, stop, _say)


def _say(line: str) -> None:
    out.print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {line}", markup=False)
