"""The code location that Dagster loads: everything below `defs/`."""

from __future__ import annotations

import dagster as dg

from dagster_project import defs as defs_folder

defs: dg.Definitions = dg.load_defs(defs_folder)
