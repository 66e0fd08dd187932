"""`sendhouse forget`."""

from __future__ import annotations

from typing import Annotated

import typer

from dagster_project.cli.corrected import print_correction
from dagster_project.cli.hold import hold
from dagster_project.cli.output import AsJson
from dagster_project.home.settings import load_settings

NAME = "forget"


def command(
    files: Annotated[
        list[str], typer.Argument(help="Landed files: path, name or file_id (raw.files).")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what changes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete the rows of landed files, as if the files had never landed; decisions stay."""
    from dagster_project.tick import corrections, installation

    settings = load_settings()
    with hold(settings, "forget"):
        installation.create(settings)
        correction = corrections.correct(settings, files, forget=True, dry_run=dry_run)
    print_correction(correction, settings, dry_run=dry_run, as_json=as_json)
