"""The command line `sendhouse`: one module per command.

Exit codes: 0 success; 1 failure; 2 wrong usage; 3 invalid project or settings; 4 success, but rows
or files were rejected; 75 another process holds the warehouse (retry later).
"""

from __future__ import annotations

import inspect
import os
import sys

import typer

from dagster_project.cli import (
    audit,
    check,
    collect,
    demo,
    forget,
    init,
    land,
    new,
    preview,
    replay,
    run,
    settle,
    tick,
    ui,
)
from dagster_project.cli.output import exit_code, fail
from dagster_project.home import private

app = typer.Typer(
    name="sendhouse",
    help="E-mail marketing automation inside a data warehouse.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # With markup, `[sources.*]` would be a style, and a switch would show a value.
    rich_markup_mode=None,
)
for module in (
    init,
    land,
    forget,
    tick,
    run,
    check,
    preview,
    new,
    replay,
    settle,
    collect,
    ui,
    demo,
):
    # Given as a whole: click shortens a help text that it takes from a docstring.
    app.command(module.NAME, short_help=inspect.getdoc(module.command))(module.command)
app.add_typer(audit.app)


def main() -> None:
    """Run the command line; a known error prints one line and sets the exit code."""
    private.restrict()
    try:
        app()
    except Exception as error:
        code = exit_code(error)
        if code is None or os.environ.get("SENDHOUSE_TRACEBACK"):
            raise
        fail(error, as_json="--json" in sys.argv)
        sys.exit(code)
