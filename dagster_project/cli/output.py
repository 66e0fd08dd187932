"""The output of commands: text, JSON and exit codes."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dagster_project.home.settings import SettingsError
from dagster_project.home.warehouse import ClockError, JournalRefusedError, WarehouseBusyError
from dagster_project.landing import (
    AgainError,
    DeclarationError,
    FileRejectedError,
    KindError,
)
from dagster_project.project.dbt import DbtError
from dagster_project.project.scaffold import ScaffoldError
from dagster_project.replay.plan import ReplayError
from senders.base import SenderConfigError, SenderUnavailableError
from senders.errors import ComposeError

FAILED = 1
USAGE = 2
INVALID = 3
REJECTED = 4
BUSY = 75

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]

_CODES: dict[type[Exception], int] = {
    SettingsError: INVALID,
    SenderConfigError: INVALID,
    DeclarationError: INVALID,
    DbtError: INVALID,
    ComposeError: INVALID,
    KindError: USAGE,
    AgainError: FAILED,
    ReplayError: USAGE,
    ScaffoldError: USAGE,
    ClockError: USAGE,
    FileNotFoundError: USAGE,
    FileRejectedError: REJECTED,
    SenderUnavailableError: FAILED,
    JournalRefusedError: FAILED,
    WarehouseBusyError: BUSY,
}


class CommandError(Exception):
    """A command failed; the message names the problem and the remedy."""


def exit_code(error: Exception) -> int | None:
    """Return the exit code of an error that the user can fix; None for a defect."""
    if isinstance(error, CommandError):
        return FAILED
    return next((code for known, code in _CODES.items() if isinstance(error, known)), None)


def fail(error: Exception, *, as_json: bool) -> None:
    """Print an error."""
    if as_json:
        print_json({"error": str(error)})
    err.print(f"error: {error}", markup=False, style="red")


def progress_bar() -> Progress:
    """Create a progress bar on standard error; each task needs the field `note`."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
        console=err,
    )


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON type
    """Print one JSON document to standard output."""
    sys.stdout.write(json.dumps(value, default=str, ensure_ascii=False) + "\n")
