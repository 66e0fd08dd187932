"""`sendhouse new`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from dagster_project.cli.output import AsJson, out, print_json
from dagster_project.home.settings import load_settings
from dagster_project.project import registry, scaffold

NAME = "new"


class Kind(StrEnum):
    """The kinds of models with starting files."""

    segment = "segment"
    score = "score"
    trigger = "trigger"
    sequence = "sequence"


def command(
    kind: Annotated[Kind, typer.Argument(help="What to create.")],
    name: Annotated[str, typer.Argument(help="Model name: lowercase letters, digits and _.")],
    as_json: AsJson = False,
) -> None:
    """Create the starting files of a segment, score, trigger or sequence."""
    settings = load_settings()
    written = scaffold.write(settings.project_dir, kind.value, name)
    registry.refresh(settings.project_dir)
    if as_json:
        print_json([str(path) for path in written])
    else:
        for path in written:
            out.print(str(path.relative_to(settings.project_dir)))
        out.print("edit the files, then run: sendhouse check")
