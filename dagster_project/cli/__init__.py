"""The `sendhouse` command: one module per command, errors that say what to do.

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 the project or its settings are wrong; 4 done, but
rows or files were rejected; 75 somebody else holds the warehouse, try again.
"""

from __future__ import annotations

import os
import sys

import typer

from dagster_project.cli import (
    audit,
    check,
    collect,
    demo,
    init,
    land,
    new,
    preview,
    replay,
    tick,
    ui,
)
from dagster_project.cli.output import exit_code, fail

app = typer.Typer(
    name="sendhouse",
    help="E-mail marketing automation that lives in your data warehouse.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for module in (init, land, tick, check, preview, new, replay, collect, ui, demo):
    app.command(module.NAME)(module.command)
app.add_typer(audit.app)


def main() -> None:
    """Run the command line; known errors become one line and an exit code."""
    try:
        app()
    except Exception as error:
        code = exit_code(error)
        if code is None or os.environ.get("SENDHOUSE_TRACEBACK"):
            raise
        fail(error, as_json="--json" in sys.argv)
        sys.exit(code)
