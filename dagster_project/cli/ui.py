"""`sendhouse ui`."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated

import typer

from dagster_project.cli.hold import hold
from dagster_project.cli.output import err
from dagster_project.home.settings import PROJECT_DIR, load_settings

NAME = "ui"


def command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 3000,
) -> None:
    """Dagster's UI and daemon on this project. Schedule and sensor are off until switched on."""
    from dagster_project.defs.tick.in_process import prepare_dagster_home
    from dagster_project.tick import installation

    settings = load_settings()
    if not settings.warehouse_path.is_file():
        with hold(settings, "ui"):
            installation.create(settings)
    prepare_dagster_home(settings)
    err.print(f"Dagster's UI: http://{host}:{port} in a few seconds; end it with Ctrl-C")
    # Below its own home Dagster does not wonder about a second dagster.yaml.
    os.chdir(settings.dagster_home)
    # A script's background job ignores SIGINT, and Dagster would take over that for SIGTERM too.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    dagster = [sys.executable, "-W", "ignore", "-m", "dagster", "dev", "-h", host, "-p", str(port)]
    project = ["-m", "dagster_project.definitions", "-d", str(PROJECT_DIR)]
    os.execv(sys.executable, [*dagster, *project])  # noqa: S606 - ourselves
