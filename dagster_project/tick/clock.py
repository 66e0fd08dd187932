"""The clock of the next tick."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.home.warehouse import Clock, ClockError


def next_clock(settings: Settings, as_of: datetime | None) -> Clock:
    """The clock of the next tick.

    Args:
        settings: the installation, with its warehouse.
        as_of: the requested instant. None means the machine's time; in a demo, one day after the
            last tick.

    Raises:
        ClockError: the instant is in the future, or before the last tick.
    """
    machine = datetime.now(UTC)
    with warehouse.connect(settings.warehouse_path) as connection:
        current = warehouse.read_clock(connection)
    if as_of is None and settings.is_demo and current is not None:
        as_of = min(current.as_of + timedelta(days=1), machine)
    clock = Clock(machine, is_simulated=False) if as_of is None else Clock(as_of, True)
    if clock.as_of > machine + timedelta(minutes=1):
        raise ClockError(
            f"{clock.as_of.isoformat()} is in the future: a tick at this instant would block all "
            "ticks until then"
        )
    warehouse.require_forward(current, clock)
    return clock
