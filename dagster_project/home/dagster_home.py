"""The folder of Dagster's own files."""

from __future__ import annotations

import os
import shutil

from dagster_project.home.settings import PROJECT_DIR, Settings


def prepare(settings: Settings) -> None:
    """Copy the project's dagster.yaml to `<home>/dagster`, and set the variables of Dagster."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT_DIR / "dagster.yaml", settings.dagster_home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ["SENDHOUSE_HOME"] = str(settings.home)
