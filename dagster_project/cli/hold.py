"""Commands that work on the warehouse wait for each other, and say for whom."""

from __future__ import annotations

from contextlib import AbstractContextManager

from dagster_project.cli.output import err
from dagster_project.home import warehouse
from dagster_project.home.settings import Settings


def hold(settings: Settings, what: str, wait_seconds: float = 60) -> AbstractContextManager[None]:
    """Hold the warehouse for the length of the block.

    Raises:
        WarehouseBusyError: another process still held it after `wait_seconds`.
    """
    return warehouse.exclusive(settings.lock_path, f"sendhouse {what}", wait_seconds, _say_who)


def _say_who(holder: str) -> None:
    err.print(f"waiting: the warehouse is held by {holder}", markup=False)
