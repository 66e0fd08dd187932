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
    """Start Dagster's UI and daemon. The schedule and the sensor are off by default."""
    from dagster_project.home import dagster_home
    from dagster_project.tick import installation

    settings = load_settings()
    if not settings.warehouse_path.is_file():
        with hold(settings, "ui"):
            installation.create(settings)
    dagster_home.prepare(settings)
    err.print(f"Dagster's UI: http://{host}:{port} in a few seconds; stop with Ctrl-C")
    # In DAGSTER_HOME, because Dagster warns about a second dagster.yaml in the working directory.
    os.chdir(settings.dagster_home)
    # A background job of a shell script ignores SIGINT, and Dagster would then also ignore SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    dagster = [sys.executable, "-W", "ignore", "-m", "dagster", "dev", "-h", host, "-p", str(port)]
    project = ["-m", "dagster_project.definitions", "-d", str(PROJECT_DIR)]
    os.execv(sys.executable, [*dagster, *project])  # noqa: S606 - ourselves
