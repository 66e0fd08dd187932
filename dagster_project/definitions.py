"""The Dagster code location: all definitions under `defs/`."""

from __future__ import annotations

import dagster as dg

from dagster_project.home import private
from dagster_project.home.settings import PROJECT_DIR

private.restrict()
defs: dg.Definitions = dg.load_from_defs_folder(path_within_project=PROJECT_DIR)
