"""The lock of commands that write to the warehouse; a waiting command reports the holder."""

from __future__ import annotations

from contextlib import AbstractContextManager

from dagster_project.cli.output import err
from dagster_project.home import warehouse
from dagster_project.home.settings import Settings


def hold(
    settings: Settings, command: str, wait_seconds: float = 60
) -> AbstractContextManager[None]:
    """Hold the warehouse for the length of the block.

    Raises:
        WarehouseBusyError: another process still holds the warehouse after `wait_seconds`.
    """
    return warehouse.exclusive(
        settings.lock_path, f"sendhouse {command}", wait_seconds, report_wait
    )


def report_wait(message: str) -> None:
    """Print why a command waits."""
    err.print(f"waiting: {message}", markup=False)
