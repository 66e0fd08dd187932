"""The past again: what segments, scores and triggers were, or would have been, day by day.

    plan        which models a question needs
    scratch     a warehouse beside the live one, which is only read
    transcript  what dbt did from one day to the next, done again without dbt
    run         the days, one after the other, into a result file
    what_if     two such results, compared
    backfill    a result, written into the live warehouse

Nothing here can send. A scratch warehouse has no journal, no outbox and no landing folder, and the
models of delivery are not among those that are built.
"""

from dagster_project.replay.plan import Plan, ReplayError, make_plan
from dagster_project.replay.run import replay, require_over
from dagster_project.replay.what_if import Difference, compare

__all__ = [
    "Difference",
    "Plan",
    "ReplayError",
    "compare",
    "make_plan",
    "replay",
    "require_over",
]
