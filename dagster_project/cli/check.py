"""`sendhouse check`."""

from __future__ import annotations

from contextlib import nullcontext

import typer

from dagster_project.cli.output import WRONG, AsJson, err, out, print_json
from dagster_project.home.settings import load_settings

NAME = "check"


def command(as_json: AsJson = False) -> None:
    """Is everything in place to send? Models, segments, templates, settings; a few seconds."""
    from dagster_project.check import findings

    settings = load_settings()
    with err.status("trying the project out") if err.is_terminal else nullcontext():
        findings = findings.run(settings)
    if as_json:
        print_json({"findings": findings})
    elif not findings:
        out.print("nothing to complain about")
    else:
        for finding in findings:
            err.print(finding, markup=False)
        err.print(f"{len(findings)} to look at" if len(findings) > 1 else "one thing to look at")
    if findings:
        raise typer.Exit(WRONG)
