"""`sendhouse init`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from dagster_project.cli.hold import hold
from dagster_project.cli.output import AsJson, out, print_json
from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings

NAME = "init"


class Example(StrEnum):
    """The examples of the project."""

    b2b = "b2b"
    none = "none"


def command(
    example: Annotated[
        Example | None,
        typer.Option(
            help="Run the models of an example: b2b, a software company with trials. "
            "Default: keep what the installation runs; a new one runs none."
        ),
    ] = None,
    adopt_journal: Annotated[
        bool,
        typer.Option(
            "--adopt-journal",
            help="Accept a new or another journal after a loss; sends of the last tick count as "
            "made, and delivery.unknown_sends lists them.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Create folders, warehouse and journal under SENDHOUSE_HOME; say what is live."""
    from dagster_project.project import dbt, registry
    from dagster_project.tick import adoption, installation

    settings = load_settings()
    wanted = {None: None, Example.none: ""}.get(example, str(example))
    unknown = 0
    with hold(settings, "init"):
        if adopt_journal:
            warehouse.create(settings.warehouse_path)
            unknown = adoption.adopt(settings)
        installation.create(settings, wanted)
    dbt.prepare(settings)
    names = registry.names(settings.project_dir, settings.live_example)
    live = {kind: names[kind] for kind in ("sequences", "broadcasts", "triggers")}
    if as_json:
        print_json(
            {
                "home": settings.home,
                "example": settings.live_example,
                "live": live,
                "unknown": unknown,
            }
        )
        return
    if unknown:
        out.print(f"unknown: {unknown} sends of the last tick: see delivery.unknown_sends")
    out.print(f"ready: {settings.home}", markup=False)
    for kind, found in live.items():
        out.print(f"live {kind}: {', '.join(found) or 'none'}", markup=False)
    if not live["sequences"] and not live["broadcasts"]:
        out.print("no e-mail is sent before you add a sequence or a broadcast:")
        out.print("  sendhouse new sequence NAME, or an example: sendhouse init --example b2b")
