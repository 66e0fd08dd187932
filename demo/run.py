"""The demo's thirty days: on each day people act, then a tick runs.

The daily ticks build only what decides, so a month takes a minute or two. The last tick is an
ordinary tick, and Dagster's UI shows it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from dagster_project.home import warehouse
from dagster_project.home.settings import DEMO_EXAMPLE, DEMO_MARKER, EXAMPLE_MARKER, Settings
from dagster_project.tick import installation, stages
from dagster_project.tick.recorded import recorded_tick
from dagster_project.tick.report import TickReport
from dagster_project.tick.stages import Stage
from demo.company import Company
from demo.recipients import answer_until
from demo.timeline import BEGIN, FIRST_DAY, LAST_DAY, days, midnight
from senders.links import Links

TICK_HOUR = timedelta(hours=7)


_MADE_BY_INIT = {
    "warehouse.duckdb",
    "warehouse.lock",
    "journal.sqlite",
    "journal.sqlite-shm",
    "journal.sqlite-wal",
    EXAMPLE_MARKER,
    *("landing", "outbox", "serving", "report", "dagster", "dbt"),
}


class NotADemoError(Exception):
    """The folder contains data that the demo did not make."""


@dataclass(frozen=True)
class Day:
    """One simulated day: the sends of its tick, and the answers of recipients before the tick."""

    day: date
    sent: int
    answers: int


def start_over(settings: Settings) -> None:
    """Empty the demo's folder for a new run; its lock file stays, because this process holds it.

    Raises:
        NotADemoError: the folder contains files that the demo did not make.
    """
    if not settings.is_demo and not _is_untouched(settings):
        raise NotADemoError(
            f"{settings.home} contains files that the demo did not make; the demo changes nothing. "
            "Use another folder: SENDHOUSE_HOME=/tmp/sendhouse-demo make demo"
        )
    for path in settings.home.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path != settings.lock_path:
            path.unlink()
    (settings.home / DEMO_MARKER).write_text(
        "Made by `sendhouse demo`, which may empty this folder.\n", encoding="utf-8"
    )
    installation.create(settings, DEMO_EXAMPLE)


def _is_untouched(settings: Settings) -> bool:
    """Whether the folder has only files of `sendhouse init`, and no landed data."""
    if not {path.name for path in settings.home.iterdir()} <= _MADE_BY_INIT:
        return False
    if not settings.warehouse_path.exists():
        return not any(settings.landing_dir.rglob("*"))
    with warehouse.connect(settings.warehouse_path) as connection:
        [(files,)] = connection.execute("select count(*) from raw.files").fetchall()
        return files == 0 and warehouse.read_clock(connection) is None


def live(settings: Settings) -> Iterator[Day]:
    """Simulate the thirty days, one by one."""
    company = Company()
    links = Links(settings.links.base_url, settings.require_link_key())
    company.write_history(settings.landing_dir)
    before = BEGIN
    for day in days(FIRST_DAY, LAST_DAY):
        now = midnight(day) + TICK_HOUR
        company.write_between(settings.landing_dir, before, now)
        answers = answer_until(settings.outbox_dir, settings.landing_dir, now, links)
        # Only the deciding models and their inputs; the last tick builds reports and runs tests.
        report = stages.tick(
            settings,
            now,
            until=Stage.DISPATCH,
            select=["+path:models/delivery"],
            with_tests=False,
        )
        yield Day(day, report.dispatched["sent"], answers.total())
        before = now


def finish(settings: Settings) -> TickReport:
    """Write the last answers, and run one ordinary tick."""
    now = midnight(LAST_DAY) + timedelta(days=1)
    links = Links(settings.links.base_url, settings.require_link_key())
    Company().write_between(settings.landing_dir, midnight(LAST_DAY) + TICK_HOUR, now)
    answer_until(settings.outbox_dir, settings.landing_dir, now, links)
    return recorded_tick(settings, by="sendhouse demo", as_of=now)
