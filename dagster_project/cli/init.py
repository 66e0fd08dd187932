"""`sendhouse init`."""

from __future__ import annotations

from dagster_project.cli.hold import hold
from dagster_project.cli.output import AsJson, out, print_json
from dagster_project.home.settings import load_settings

NAME = "init"


def command(as_json: AsJson = False) -> None:
    """Create folders, warehouse and journal under SENDHOUSE_HOME; safe to repeat."""
    from dagster_project.project import dbt
    from dagster_project.tick import installation

    settings = load_settings()
    with hold(settings, "init"):
        installation.create(settings)
    dbt.prepare(settings)
    if as_json:
        print_json({"home": settings.home})
    else:
        out.print(f"ready: {settings.home}")
