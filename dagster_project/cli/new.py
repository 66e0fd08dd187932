"""`sendhouse new`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from dagster_project.cli.output import AsJson, out, print_json
from dagster_project.home.settings import load_settings
from dagster_project.project import registry, scaffold

NAME = "new"


class Thing(StrEnum):
    """What there are starting files for."""

    segment = "segment"
    score = "score"
    trigger = "trigger"
    sequence = "sequence"


def command(
    thing: Annotated[Thing, typer.Argument(help="What to start.")],
    name: Annotated[str, typer.Argument(help="Its name: lowercase letters, digits and _.")],
    as_json: AsJson = False,
) -> None:
    """The files to start a segment, a score, a trigger or a sequence from."""
    settings = load_settings()
    written = scaffold.write(settings.project_dir, thing.value, name)
    registry.refresh(settings.project_dir)
    if as_json:
        print_json([str(path) for path in written])
    else:
        for path in written:
            out.print(str(path.relative_to(settings.project_dir)))
        out.print("edit them, then: sendhouse check")
