"""The daily tables: segments and scores of past days, as known then. A tick never fills them."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
from pydantic import Field

from dagster_project.defs import run_records
from dagster_project.defs.audit.assets import SEGMENTS
from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings
from dagster_project.project import dbt
from dagster_project.replay import make_plan
from dagster_project.replay.backfill import WAIT_SECONDS, WHAT, backfill
from dagster_project.tick import installation

GROUP = "backfill"
# A day becomes a partition when it has ended in UTC.
DAYS = dg.DailyPartitionsDefinition(start_date=str(load_settings().schedule.backfill_from))
MEMBERSHIP = dg.AssetKey(["segments", "membership_daily"])
SCORES = dg.AssetKey(["scores", "daily"])
KINDS = {MEMBERSHIP: "segments", SCORES: "scores"}


class BackfillConfig(dg.Config):
    """The names to fill: `only` these segments and scores (example: a new segment), or all."""

    only: list[str] = Field(default_factory=list)


def _specs() -> list[dg.AssetSpec]:
    shared = {"group_name": GROUP, "owners": ["team:data"], "kinds": {"duckdb"}, "skippable": True}
    return [
        dg.AssetSpec(
            MEMBERSHIP,
            deps=SEGMENTS,
            description=(
                "The members of each segment at the end of a day, as known then. One row per "
                "day, segment and contact."
            ),
            **shared,
        ),
        dg.AssetSpec(
            SCORES,
            deps=[["scores", "totals"]],
            description=(
                "The total of each score at the end of a day, as known then. One row per day, "
                "score and contact."
            ),
            **shared,
        ),
    ]


@dg.multi_asset(
    specs=_specs(),
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    can_subset=True,
    pool="replay",
    name="daily",
)
def daily(
    context: dg.AssetExecutionContext, config: BackfillConfig
) -> Iterator[dg.MaterializeResult]:
    """Replay the days in a scratch warehouse, which cannot send, and copy the results.

    The warehouse is not held for the length of the run: ticks go on.
    """
    settings = load_settings()
    context.instance.add_run_tags(context.run_id, run_records.process_tags())
    with warehouse.exclusive(settings.lock_path, WHAT, WAIT_SECONDS):
        installation.create(settings)
    kinds = [KINDS[key] for key in KINDS if key in context.selected_asset_keys]
    plan = make_plan(dbt.manifest(settings), config.only, kinds)
    days = sorted(map(date.fromisoformat, context.partition_keys))
    rows = backfill(settings, plan, days, on_day=lambda day: context.log.info("%s", day))
    for key, kind in KINDS.items():
        if plan.names[kind]:
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={
                    "rows_written": rows[".".join(key.path)],
                    "days": len(days),
                    kind: dg.MetadataValue.json(list(plan.names[kind])),
                },
            )
