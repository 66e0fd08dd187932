"""Create an installation: folders, warehouse and journal."""

from __future__ import annotations

from dagster_project.home import private, warehouse
from dagster_project.home.settings import EXAMPLE_MARKER, Settings
from dagster_project.landing import create_declared_tables, rehash
from dagster_project.tick import pairing


def create(settings: Settings, example: str | None = None) -> None:
    """Create the missing folders, tables and journal; safe to repeat.

    Also writes the parameters of the settings to the warehouse, where the models read them, and
    closes the folder to other users.

    Args:
        settings: the installation.
        example: the example to run from now on, "" for none; None keeps what the installation runs.

    Raises:
        SettingsError: `serving_group` is no group of this user.
        JournalRefusedError: the journal is not the journal of this warehouse.
    """
    example = settings.live_example if example is None else example
    private.close(settings)
    (settings.home / EXAMPLE_MARKER).write_text(f"{example}\n", encoding="utf-8")
    for folder in (settings.landing_dir, settings.outbox_dir, settings.serving_dir):
        folder.mkdir(parents=True, exist_ok=True)
    # One opening for all parts: DuckDB shares the file among the connections of a process.
    with warehouse.connect(settings.warehouse_path) as connection:
        warehouse.create(settings.warehouse_path)
        create_declared_tables(connection, settings.project_dir)
        rehash(connection, settings.seen_dir)
        warehouse.set_parameters(connection, settings.parameters)
        warehouse.set_example(connection, example)
        pairing.pair(settings)
