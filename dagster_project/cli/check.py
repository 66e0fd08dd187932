"""`sendhouse check`."""

from __future__ import annotations

import typer

from dagster_project import project_check
from dagster_project.cli.output import AsJson, err, out, print_json
from dagster_project.settings import load_settings

NAME = "check"


def command(as_json: AsJson = False) -> None:
    """Is everything in place to send? Models, segments' contracts, templates, configuration."""
    findings = project_check.run(load_settings())
    if as_json:
        print_json({"findings": findings})
    elif not findings:
        out.print("nothing to complain about")
    for finding in [] if as_json else findings:
        err.print(finding, markup=False)
    if findings:
        raise typer.Exit(3)
