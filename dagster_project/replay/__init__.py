"""Replays: segments, scores and triggers of past days, as known then or with other parameters.

    plan               the models that a replay builds
    snapshot           a copy of the live warehouse, so that ticks go on
    scratch_warehouse  a temporary warehouse, in which the models are built
    run                replays the days in order into a result file
    what_if            compares two result files
    backfill           writes a result into the live warehouse

A replay cannot send. A scratch warehouse has no journal, no outbox and no landing folder, and no
plan contains a model of `delivery`.
"""

from dagster_project.replay.plan import Plan, ReplayError, make_plan
from dagster_project.replay.run import replay, require_over
from dagster_project.replay.snapshot import take
from dagster_project.replay.what_if import Difference, compare

__all__ = [
    "Difference",
    "Plan",
    "ReplayError",
    "compare",
    "make_plan",
    "replay",
    "require_over",
    "take",
]
