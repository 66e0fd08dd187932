"""`sendhouse land`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from dagster_project.cli.hold import hold
from dagster_project.cli.output import REJECTED, AsJson, err, out, print_json
from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings
from dagster_project.landing import copy_to_landing, land_files

NAME = "land"


def command(
    files: Annotated[
        list[Path], typer.Argument(help="Files to land.", exists=True, dir_okay=False)
    ],
    kind: Annotated[
        str,
        typer.Option(
            "--as",
            help="events, tracking, crm/<source>/<object>, or the name of a [sources.*] table.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Copy files to the landing folder and load them; each file and each event lands once."""
    from dagster_project.tick import installation

    settings = load_settings()
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
    if any(file.error or file.rows_rejected for file in landed):
        raise typer.Exit(REJECTED)
