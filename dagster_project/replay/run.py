"""Replay days in order and write the results to a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.home.warehouse import ClockError
from dagster_project.project import dbt
from dagster_project.replay.plan import Plan
from dagster_project.replay.scratch_warehouse import ScratchWarehouse, open_scratch

DAY = timedelta(days=1)


def end_of(day: date) -> datetime:
    """The last instant of a UTC day.

    Days are half-open: the midnight that follows belongs to the next day. At this instant the clock
    shows the day itself, so a window of 30 days holds this day and the 29 days before it.
    """
    return datetime.combine(day, time.max, UTC)


def require_over(live: Path, last: date) -> None:
    """Refuse a day that has not ended by the live clock: more events of the day may arrive.

    Args:
        live: a copy of the warehouse.
        last: the last day to replay.

    Raises:
        ClockError: the day has not ended, or no tick has run.
    """
    with warehouse.connect(live, read_only=True) as connection:
        clock = warehouse.require_clock(connection)
    if last >= clock.as_of.date():
        newest = clock.as_of.date() - DAY
        raise ClockError(
            f"{last} has not ended by the clock ({clock.as_of.isoformat()}); "
            f"the last day that can be replayed is {newest}"
        )


def replay(
    settings: Settings,
    live: Path,
    plan: Plan,
    days: Sequence[date],
    into: Path,
    *,
    parameters: Mapping[str, float] | None = None,
    on_day: Callable[[date], None] = lambda _: None,
) -> None:
    """Build the models for the end of each day, from the data received by then.

    The result has the tables segments.membership_daily, scores.daily and decisions.trigger_firings
    with the columns of the live tables.

    Args:
        settings: the installation.
        live: the copy of its warehouse (`snapshot.take`).
        plan: the models to build.
        days: past UTC days, ascending.
        into: the result, a DuckDB file that does not exist yet.
        parameters: parameters that replace those of the settings from the first day on; a trigger
            fires for a contact that crosses the threshold because of the change.
        on_day: progress callback, called with each finished day.

    Raises:
        ClockError: a day has not ended.
        DbtError: a model failed.
    """
    require_over(live, days[-1])
    before = end_of(days[0] - DAY)
    with open_scratch(settings, live, plan, into, since=before) as scratch:
        if plan.names["triggers"]:
            # Build the day before: earlier members and firings are not new on the first day.
            scratch.set_clock(before)
            build_models(settings, scratch)
        if parameters is not None:
            scratch.set_parameters(parameters)
        for day in days:
            scratch.set_clock(end_of(day))
            build_models(settings, scratch)
            scratch.keep(day)
            on_day(day)
        scratch.finish(since=before)


def build_models(settings: Settings, scratch: ScratchWarehouse) -> None:
    """Build the models of the plan at the clock; a model without a changed input stays.

    Raises:
        DbtError: a model failed.
    """
    dbt.raise_for(
        dbt.build_in(settings, scratch.connection, scratch.plan.selectors, with_tests=False)
    )
