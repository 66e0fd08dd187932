"""What has to be there before a tick, and the tick's first act: setting the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dagster_project import warehouse
from dagster_project.landing import create_declared_tables, rehash
from dagster_project.settings import Settings
from dagster_project.warehouse import Clock, ClockError
from senders.journal import Journal

# A file in the home of a demo.
DEMO_MARKER = "demo"


def create(settings: Settings) -> None:
    """Make folders, warehouse and journal; what is there already stays. Safe to repeat.

    The parameters that models read are those of the settings from here on.
    """
    for folder in (settings.landing_dir, settings.outbox_dir, settings.serving_dir):
        folder.mkdir(parents=True, exist_ok=True)
    warehouse.create(settings.warehouse_path)
    with warehouse.connect(settings.warehouse_path) as connection:
        create_declared_tables(connection, settings.project_dir)
        rehash(connection, settings.seen_dir)
        warehouse.set_parameters(connection, settings.parameters)
    journal = Journal(settings.journal_address)
    try:
        journal.create()
    finally:
        journal.close()


def is_demo(settings: Settings) -> bool:
    """Whether `sendhouse demo` made this home: its people and its time are make-believe."""
    return (settings.home / DEMO_MARKER).exists()


def next_clock(settings: Settings, as_of: datetime | None) -> Clock:
    """The clock of the next tick.

    Args:
        settings: the installation, with its warehouse.
        as_of: the instant that somebody asked for; None for the machine's time, and in a demo for
            a day after its last.

    Raises:
        ClockError: the instant is in the future, or before the last tick's.
    """
    machine = datetime.now(UTC)
    with warehouse.connect(settings.warehouse_path) as connection:
        current = warehouse.read_clock(connection)
        if as_of is None and is_demo(settings) and current is not None:
            as_of = min(current.as_of + timedelta(days=1), machine)
        clock = Clock(machine, is_simulated=False) if as_of is None else Clock(as_of, True)
        if clock.as_of > machine + timedelta(minutes=1):
            raise ClockError(
                f"{clock.as_of.isoformat()} is in the future: no tick could run until then"
            )
        warehouse.require_forward(current, clock)
    return clock


def begin_tick(settings: Settings, clock: Clock) -> None:
    """Set the clock, once everything else is in place.

    Raises:
        ClockError: the clock would go back.
    """
    create(settings)
    with warehouse.connect(settings.warehouse_path) as connection:
        warehouse.set_clock(connection, clock)
