"""What has to be there before a tick, and the tick's first act: setting the clock."""

from __future__ import annotations

from dagster_project import warehouse
from dagster_project.landing import create_declared_tables
from dagster_project.settings import Settings
from dagster_project.warehouse import Clock
from senders.journal import Journal


def create(settings: Settings) -> None:
    """Make folders, warehouse and journal; what is there already stays. Safe to repeat."""
    for folder in (settings.landing_dir, settings.outbox_dir, settings.serving_dir):
        folder.mkdir(parents=True, exist_ok=True)
    warehouse.create(settings.warehouse_path)
    with warehouse.connect(settings.warehouse_path) as connection:
        create_declared_tables(connection, settings.project_dir)
    journal = Journal(settings.journal_address)
    try:
        journal.create()
    finally:
        journal.close()


def begin_tick(settings: Settings, clock: Clock) -> None:
    """Set the clock and the parameters that models read.

    Raises:
        ClockError: the clock would go back.
    """
    create(settings)
    with warehouse.connect(settings.warehouse_path) as connection:
        warehouse.set_clock(connection, clock)
        warehouse.set_parameters(connection, settings.parameters)
