"""`sendhouse land`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from dagster_project.cli.corrected import print_correction
from dagster_project.cli.hold import hold
from dagster_project.cli.output import REJECTED, AsJson, err, out, print_json
from dagster_project.home import warehouse
from dagster_project.home.settings import Settings, load_settings
from dagster_project.landing import copy_to_landing, land_files

NAME = "land"


def command(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files to land.", exists=True, dir_okay=False)
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--as",
            help="events, tracking, crm/<source>/<object>, or the name of a [sources.*] table.",
        ),
    ] = None,
    again: Annotated[
        list[str] | None,
        typer.Option(
            "--again",
            help="A source, or a landed file: read it again with today's settings. Repeatable.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --again: only say what changes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Copy files to the landing folder and load them; each file and each event lands once."""
    settings = load_settings()
    if again:
        if files or kind:
            raise typer.BadParameter("--again reads landed files; it needs no FILES and no --as")
        _again(settings, again, dry_run=dry_run, as_json=as_json)
    elif not files:
        raise typer.BadParameter("missing argument: FILES, or --again SOURCE")
    elif kind is None:
        raise typer.BadParameter("missing option: --as, the kind of the files")
    elif dry_run:
        raise typer.BadParameter("--dry-run needs --again")
    else:
        _land(settings, files, kind, as_json=as_json)


def _again(settings: Settings, names: list[str], *, dry_run: bool, as_json: bool) -> None:
    from dagster_project.tick import corrections, installation

    with hold(settings, "land --again"):
        installation.create(settings)
        correction = corrections.correct(settings, names, dry_run=dry_run)
    print_correction(correction, settings, dry_run=dry_run, as_json=as_json)
    if any(file.rejected[1] for file in correction.files):
        raise typer.Exit(REJECTED)


def _land(settings: Settings, files: list[Path], kind: str, *, as_json: bool) -> None:
    from dagster_project.tick import installation

    copies = copy_to_landing(files, kind, settings)
    with hold(settings, "land"):
        installation.create(settings)
        with warehouse.connect(settings.warehouse_path) as connection:
            clock = warehouse.read_clock(connection)
            now = datetime.now(UTC) if clock is None else clock.after()
            landed = [
                each
                for copy in track(copies, "landing", console=err, disable=not err.is_terminal)
                for each in land_files(connection, copy, kind, settings, now)
            ]
    if as_json:
        print_json([asdict(file) for file in landed])
    else:
        for file in landed:
            out.print(str(file).removeprefix(f"{settings.home}/"), markup=False)
        if any(file.rows_rejected for file in landed):
            out.print("rejected rows: select line, reason, content from raw.rejects")
    if any(file.error or file.rows_rejected or file.has_other_mapping for file in landed):
        raise typer.Exit(REJECTED)
