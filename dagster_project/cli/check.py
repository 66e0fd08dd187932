"""`sendhouse check`."""

from __future__ import annotations

from contextlib import nullcontext

import typer

from dagster_project.cli.output import INVALID, AsJson, err, out, print_json
from dagster_project.home.settings import load_settings

NAME = "check"


def command(as_json: AsJson = False) -> None:
    """Check models, segments, templates and settings before a send; takes a few seconds."""
    from dagster_project.check.checks import run_checks

    settings = load_settings()
    with err.status("checking the project") if err.is_terminal else nullcontext():
        findings = run_checks(settings)
    if as_json:
        print_json({"findings": findings})
    elif not findings:
        out.print("no findings")
    else:
        for finding in findings:
            err.print(finding, markup=False)
        err.print(f"{len(findings)} findings" if len(findings) > 1 else "1 finding")
    if findings:
        raise typer.Exit(INVALID)
