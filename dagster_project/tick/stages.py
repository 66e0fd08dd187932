"""The tick: one pass of the loop, as stages in their order.

Dagster's assets (`defs/`) call the stages one by one. `tick` calls them all, for callers that need
no record of the run in Dagster: the demo, the tests and the benchmarks. A process can die in any
stage; the next tick carries on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.home.warehouse import Clock
from dagster_project.landing import LandedFile, land_new
from dagster_project.landing.fetch.remote import Fetched, fetch_new
from dagster_project.project import dbt
from dagster_project.project.dbt import NodeResult
from dagster_project.tick import installation, journal, serving
from dagster_project.tick.clock import next_clock
from dagster_project.tick.dispatch import dispatch_due
from dagster_project.tick.journal import Loaded
from dagster_project.tick.report import Counts, TickReport, not_done, report_since
from dagster_project.tick.serving import Published
from senders.dispatch import DispatchReport


class Stage(IntEnum):
    """The stages of a tick, in their order."""

    BEGIN = 1
    LAND = 2
    LOAD_JOURNAL = 3
    DECIDE = 4
    DISPATCH = 5
    PUBLISH = 6


@dataclass(frozen=True)
class Landed:
    """The result of the stage `land`.

    Attributes:
        fetched: one row per remote source.
        files: one row per new file of the landing folder.
    """

    fetched: list[Fetched]
    files: list[LandedFile]


def begin(settings: Settings, as_of: datetime | None = None) -> Clock:
    """Create the missing parts of the installation, then set the clock.

    Args:
        settings: the installation.
        as_of: the clock; see `clock.next_clock`.

    Raises:
        ClockError: the instant is in the future, or before the last tick.
    """
    installation.create(settings)
    clock = next_clock(settings, as_of)
    with warehouse.connect(settings.warehouse_path) as connection:
        warehouse.set_clock(connection, clock)
    return clock


def land(settings: Settings) -> Landed:
    """Fetch new files of remote sources, then load every new file of the landing folder."""
    fetched = fetch_new(settings)
    with warehouse.connect(settings.warehouse_path) as connection:
        clock = warehouse.require_clock(connection)
        return Landed(fetched, land_new(connection, settings, clock.as_of))


def load_journal(settings: Settings) -> Loaded:
    """Bring `raw.attempts` up to date with the journal."""
    return journal.load(settings)


def decide(
    settings: Settings, select: Sequence[str] = (), *, with_tests: bool = True
) -> list[NodeResult]:
    """Build and test the models.

    Args:
        settings: the installation.
        select: dbt selectors; empty for every model.
        with_tests: whether a failed data test stops the models that depend on its model.

    Returns:
        One result per model and test; a failure is a result (`dbt.raise_for`).

    Raises:
        DbtError: dbt could not start.
    """
    return dbt.build(settings, select, with_tests=with_tests)


def dispatch(settings: Settings) -> DispatchReport:
    """Dispatch the sends of the send queue, each send once.

    Raises:
        SettingsError: a setting of the sender is missing.
        SenderUnavailableError: the sender cannot send now; sends without an attempt stay due.
    """
    return dispatch_due(settings)


def publish(settings: Settings) -> Published:
    """Replace the copy that BI reads."""
    return serving.publish(settings)


def tick(
    settings: Settings,
    as_of: datetime | None = None,
    *,
    until: Stage = Stage.PUBLISH,
    select: Sequence[str] = (),
    with_tests: bool = True,
) -> TickReport:
    """Run one tick; the caller holds the warehouse (`warehouse.exclusive`).

    Args:
        settings: the installation.
        as_of: the clock; see `clock.next_clock`.
        until: the last stage that runs.
        select: dbt selectors of the stage `decide`; empty for every model.
        with_tests: whether the stage `decide` runs data tests.

    Raises:
        ClockError: the instant is in the future, or before the last tick.
        DbtError: a model or a test failed; no send was dispatched.
        SettingsError: a setting of the sender is missing.
        SenderUnavailableError: the sender cannot send now; sends without an attempt stay due.
    """
    started = time.monotonic()
    begin(settings, as_of)
    before = Counts.read(settings)
    sent: DispatchReport | None = None
    if until >= Stage.LAND:
        land(settings)
    if until >= Stage.LOAD_JOURNAL:
        load_journal(settings)
    if until >= Stage.DECIDE:
        dbt.raise_for(decide(settings, select, with_tests=with_tests))
    if until >= Stage.DISPATCH:
        sent = dispatch(settings)
    if until >= Stage.PUBLISH:
        publish(settings)
    return report_since(
        before,
        settings,
        dispatched=sent.counts() if sent else {},
        undone=not_done(sent) if sent else (),
        seconds=time.monotonic() - started,
    )
