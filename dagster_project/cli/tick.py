"""`sendhouse tick`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from dagster_project import PROCESS_STARTED
from dagster_project.cli.hold import hold
from dagster_project.cli.output import FAILED, REJECTED, AsJson, err, out, print_json
from dagster_project.home.settings import load_settings

NAME = "tick"


def command(
    as_of: Annotated[
        str | None,
        typer.Option(
            help="Instant up to which facts count (example: 2026-03-02T06:00Z). Default: now."
        ),
    ] = None,
    sender: Annotated[
        str | None, typer.Option(help="Sender to use instead of delivery.sender.")
    ] = None,
    no_send: Annotated[bool, typer.Option("--no-send", help="Skip the dispatch.")] = False,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for another process that holds the warehouse.")
    ] = 600,
    as_json: AsJson = False,
) -> None:
    """Run one tick: land, load the journal, build the models, dispatch, publish."""
    instant = None if as_of is None else _instant(as_of)
    settings = load_settings(**({} if sender is None else {"delivery": {"sender": sender}}))
    # Imported here: the libraries of a tick take time to load.
    from dagster_project.tick.recorded import recorded_tick
    from dagster_project.tick.sender import require_sender

    if not no_send:
        require_sender(settings)
    with hold(settings, "tick", wait):
        report = recorded_tick(settings, by="sendhouse tick", as_of=instant, send=not no_send)
    total = time.monotonic() - PROCESS_STARTED
    if as_json:
        print_json(report.as_dict() | {"total_seconds": total})
    elif not report.errors:
        for line in report.lines():
            out.print(line, markup=False)
        out.print(f"took       {total:.1f} s, including {total - report.seconds:.1f} s start-up")
    if report.errors:
        failed = "the tick failed at " + "; ".join(report.errors)
        err.print(f"error: {failed}", markup=False, style="red")
        raise typer.Exit(FAILED)
    if report.unfetched:
        raise typer.Exit(REJECTED)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"invalid instant '{text}' (example: 2026-03-02T06:00Z)"
        ) from error
    if instant.tzinfo is None:
        raise typer.BadParameter(f"'{text}' has no UTC offset (example: 2026-03-02T06:00Z)")
    return instant.astimezone(UTC)
