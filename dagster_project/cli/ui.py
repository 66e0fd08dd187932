"""`sendhouse ui`."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from dagster_project import installation
from dagster_project.settings import PROJECT_DIR, load_settings

NAME = "ui"


def command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 3000,
) -> None:
    """Dagster's UI and daemon on this project. Schedule and sensor are off until switched on."""
    from dagster_project.run_tick import prepare_dagster_home

    settings = load_settings()
    installation.create(settings)
    prepare_dagster_home(settings)
    os.chdir(PROJECT_DIR)
    command = ["dagster", "dev", "-m", "dagster_project.definitions", "-h", host, "-p", str(port)]
    os.execv(sys.executable, [sys.executable, "-m", *command])  # noqa: S606 - ourselves
