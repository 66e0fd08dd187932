"""The days of a replay, one after the other, into a result file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.home.warehouse import ClockError
from dagster_project.replay.plan import Plan
from dagster_project.replay.scratch import open_scratch
from dagster_project.replay.transcript import Builder

DAY = timedelta(days=1)


def end_of(day: date) -> datetime:
    """The instant at which a UTC day is over: the next one's midnight."""
    return datetime.combine(day + DAY, time(), UTC)


def require_over(settings: Settings, last: date) -> None:
    """Refuse a day that the live clock has not left behind: more of it may still be learnt.

    Raises:
        ClockError: the day is not over, or there was no tick yet.
    """
    if not settings.warehouse_path.exists():
        raise ClockError("there is no warehouse yet: `sendhouse tick` makes it")
    with warehouse.connect(settings.warehouse_path, read_only=True) as connection:
        clock = warehouse.require_clock(connection)
    if last >= clock.as_of.date():
        newest = clock.as_of.date() - DAY
        raise ClockError(
            f"{last} is not over by the clock, which stands at {clock.as_of.isoformat()}: "
            f"the last day that can be replayed is {newest}"
        )


def replay(
    settings: Settings,
    plan: Plan,
    days: Sequence[date],
    into: Path,
    *,
    parameters: Mapping[str, float] | None = None,
    on_day: Callable[[date], None] = lambda _: None,
) -> None:
    """Say of each day what the models say of it, as it was known at its end.

    The result holds segments.membership_daily, scores.daily and decisions.trigger_firings, with the
    columns that they have in the warehouse. The live warehouse is only read; the caller holds it.

    Args:
        settings: the installation.
        plan: what is asked for.
        days: UTC days that are over, ascending.
        into: the result, a DuckDB file that is not there yet.
        parameters: the numbers that models read from the first day on, where not those of the
            settings; so a trigger fires for whom the change itself brings over its level.
        on_day: told each day that is done.

    Raises:
        ClockError: a day is not over.
        DbtError: a model failed.
    """
    require_over(settings, days[-1])
    before = end_of(days[0] - DAY)
    with open_scratch(settings, plan, into, since=before) as scratch:
        builder = Builder(settings, scratch)
        if plan.names["triggers"]:
            # Who is in a segment and what has fired when the first day begins is no news of it.
            scratch.set_clock(before)
            builder.build()
        if parameters is not None:
            scratch.set_parameters(parameters)
        for day in days:
            scratch.set_clock(end_of(day))
            builder.build()
            scratch.keep(day)
            on_day(day)
        scratch.finish(since=before)
