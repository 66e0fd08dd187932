"""The tick: one pass of the loop, as stages in their order.

`tick` calls all stages; `recorded.py` adds the record for Dagster's UI. Dagster's assets (`defs/`)
call the stages one by one. A process can die in any stage; the next tick carries on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Protocol

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


class Build(Protocol):
    """Builds and tests the models, as `dbt.build` does."""

    def __call__(
        self, settings: Settings, select: Sequence[str] = (), *, with_tests: bool = True
    ) -> list[NodeResult]:
        """Build and test the models with a changed input; see `dbt.build`."""
        ...


@dataclass(frozen=True)
class Landed:
    """The result of the stage `land`.

    Attributes:
        fetched: one row per remote source.
        files: one row per new file of the landing folder.
        known: the number of files in `raw.files` afterwards.
    """

    fetched: list[Fetched]
    files: list[LandedFile]
    known: int


@dataclass
class Done:
    """What a tick has done so far; after an error, the results up to the stage that failed.

    Attributes:
        stage: the stage under way, or the last one; None before the clock is set.
        seconds: the duration of each stage.
        clock: the clock of the tick.
        landed: the result of the stage `land`.
        loaded: the result of the stage `load_journal`.
        nodes: the models and tests that ran.
        sent: the result of the stage `dispatch`.
        published: the result of the stage `publish`.
    """

    stage: Stage | None = None
    seconds: dict[Stage, float] = field(default_factory=dict[Stage, float])
    clock: Clock | None = None
    landed: Landed | None = None
    loaded: Loaded | None = None
    nodes: list[NodeResult] | None = None
    sent: DispatchReport | None = None
    published: Published | None = None
    _before: Counts | None = None
    _started: float = field(default_factory=time.monotonic)

    @contextmanager
    def under_way(self, stage: Stage) -> Iterator[None]:
        """Measure the stage of the block."""
        self.stage, begun = stage, time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = time.monotonic() - begun

    def count_before(self, settings: Settings) -> None:
        """Note the row counts before the first stage that adds rows."""
        self._before = Counts.read(settings)

    def report(self, settings: Settings, errors: Sequence[str] = ()) -> TickReport:
        """Report what was done since `count_before`; `errors` says why the tick failed."""
        return report_since(
            self._before or Counts.read(settings),
            settings,
            known=self.landed.known if self.landed else None,
            dispatched=self.sent.counts() if self.sent else {},
            undone=not_done(self.sent) if self.sent else (),
            seconds=time.monotonic() - self._started,
            errors=errors,
        )


def begin(settings: Settings, as_of: datetime | None = None) -> Clock:
    """Create the missing parts of the installation, then set the clock.

    Args:
        settings: the installation.
        as_of: the clock; see `clock.next_clock`.

    Raises:
        ClockError: the instant is in the future, or before the last tick.
    """
    installation.create(settings)
    with warehouse.connect(settings.warehouse_path) as connection:
        clock = next_clock(settings, as_of)
        warehouse.set_clock(connection, clock)
    return clock


def land(settings: Settings) -> Landed:
    """Fetch new files of remote sources, then load every new file of the landing folder."""
    fetched = fetch_new(settings)
    with warehouse.connect(settings.warehouse_path) as connection:
        clock = warehouse.require_clock(connection)
        files = land_new(connection, settings, clock.as_of)
        [(known,)] = connection.execute("select count(*) from raw.files").fetchall()
        return Landed(fetched, files, known)


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


def dispatch(settings: Settings, is_stopping: Callable[[], bool] = lambda: False) -> DispatchReport:
    """Dispatch the sends of the send queue, each send once.

    Args:
        settings: the installation.
        is_stopping: asked before each send; after a yes, the sends stay due.

    Raises:
        SettingsError: a setting of the sender is missing.
        SenderUnavailableError: the sender cannot send now; sends without an attempt stay due.
    """
    return dispatch_due(settings, is_stopping)


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
    send: bool = True,
    is_stopping: Callable[[], bool] = lambda: False,
    build: Build = decide,
    done: Done | None = None,
) -> TickReport:
    """Run one tick; the caller holds the warehouse (`warehouse.exclusive`).

    Args:
        settings: the installation.
        as_of: the clock; see `clock.next_clock`.
        until: the last stage that runs.
        select: dbt selectors of the stage `decide`; empty for every model.
        with_tests: whether the stage `decide` runs data tests.
        send: whether the stage `dispatch` runs.
        is_stopping: see `dispatch`.
        build: builds and tests the models.
        done: receives the results of the stages, also of a tick that fails.

    Raises:
        ClockError: the instant is in the future, or before the last tick.
        DbtError: a model or a test failed; no send was dispatched.
        SettingsError: a setting of the sender is missing.
        SenderUnavailableError: the sender cannot send now; sends without an attempt stay due.
    """
    done = Done() if done is None else done
    with warehouse.held_open(settings.warehouse_path):
        done.clock = begin(settings, as_of)
        done.count_before(settings)
    done.stage = Stage.BEGIN
    if until >= Stage.LAND:
        with done.under_way(Stage.LAND):
            done.landed = land(settings)
    with warehouse.held_open(settings.warehouse_path):
        if until >= Stage.LOAD_JOURNAL:
            with done.under_way(Stage.LOAD_JOURNAL):
                done.loaded = load_journal(settings)
        if until >= Stage.DECIDE:
            with done.under_way(Stage.DECIDE):
                done.nodes = build(settings, select, with_tests=with_tests)
                dbt.raise_for(done.nodes)
    if until >= Stage.DISPATCH and send:
        with done.under_way(Stage.DISPATCH):
            done.sent = dispatch(settings, is_stopping)
    with warehouse.connect(settings.warehouse_path):  # one opening for both
        if until >= Stage.PUBLISH:
            with done.under_way(Stage.PUBLISH):
                done.published = publish(settings)
        return done.report(settings)
