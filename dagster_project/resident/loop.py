"""The loop of the resident process."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings, SettingsError, load_settings
from dagster_project.project.last_good import LastGood
from dagster_project.resident.wake import POLL_SECONDS, Wake
from dagster_project.tick.recorded import recorded_tick
from dagster_project.tick.report import TickReport
from dagster_project.tick.sender import require_sender

COMMAND = "sendhouse run"


def run(settings: Settings, stop: Event, say: Callable[[str], None]) -> None:
    """Tick now, and then whenever there is a reason, until `stop` is set.

    An error is said, and the process goes on: the next file, time of the schedule or change of the
    project is the next try. The settings are read before each tick; invalid ones are not used.

    Args:
        settings: the installation.
        stop: ends the loop. A tick under way finishes its messages under way, and sends no more.
        say: called with one line per tick that did something, and per error.
    """
    wake, reason, builds = Wake(), "start", LastGood(say)
    while not stop.is_set():
        settings = _reread(settings, say)
        report = None
        with _hold(settings, stop, say) as is_held:
            if not is_held:
                return
            wake.note(settings)
            report = _tick(settings, builds, stop, say)
        if report is not None and report.did_something:
            say(f"{reason}: {report.line()}")
        wake.is_repair_due = report is None or bool(report.errors)
        # What landed while the tick ran is landed, and no model has read it.
        reason = "landed during the tick" if report and report.landed_later else None
        while reason is None and not stop.wait(POLL_SECONDS):
            reason = wake.reason(settings)
        reason = reason or "stop"


def _tick(
    settings: Settings, builds: LastGood, stop: Event, say: Callable[[str], None]
) -> TickReport | None:
    """Run one tick; None after an error that kept it from running to its report."""
    try:
        require_sender(settings)
        return recorded_tick(settings, by=COMMAND, is_stopping=stop.is_set, build=builds.build)
    except Exception as error:  # noqa: BLE001 - the process goes on after any error
        say(f"error: {error or type(error).__name__}")
        if os.environ.get("SENDHOUSE_TRACEBACK"):
            say(traceback.format_exc())
        return None


def _reread(settings: Settings, say: Callable[[str], None]) -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        say(f"error: {error}. The earlier settings stay in use")
        return settings


@contextmanager
def _hold(settings: Settings, stop: Event, say: Callable[[str], None]) -> Iterator[bool]:
    """Hold the warehouse for one tick; gives False if the process stops before it is free."""
    said = None
    with ExitStack() as held:
        while not stop.is_set():
            try:
                held.enter_context(warehouse.exclusive(settings.lock_path, COMMAND, 1))
            except warehouse.WarehouseBusyError as error:
                if str(error) != said:
                    said = str(error)
                    say(f"waiting: {error}")
                continue
            break
        yield not stop.is_set()
