"""Create an installation: folders, warehouse and journal."""

from __future__ import annotations

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.landing import create_declared_tables, rehash
from senders.journal import Journal


def create(settings: Settings) -> None:
    """Create the missing folders, tables and journal; safe to repeat.

    Also writes the parameters of the settings to the warehouse, where the models read them.
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
