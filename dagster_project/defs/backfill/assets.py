"""Segments and scores of past days, as known then: filled day by day, never by a tick."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
from pydantic import Field

from dagster_project.defs.audit.assets import SEGMENTS
from dagster_project.defs.resources import Sendhouse
from dagster_project.home.settings import load_settings
from dagster_project.project import dbt
from dagster_project.replay import make_plan
from dagster_project.replay.backfill import backfill
from dagster_project.tick import installation

GROUP = "backfill"
# A day is a partition once the machine's UTC day is over.
DAYS = dg.DailyPartitionsDefinition(start_date=str(load_settings().schedule.backfill_from))
MEMBERSHIP = dg.AssetKey(["segments", "membership_daily"])
SCORES = dg.AssetKey(["scores", "daily"])
KINDS = {MEMBERSHIP: "segments", SCORES: "scores"}


class BackfillConfig(dg.Config):
    """What to fill: all segments and scores, or `only` those named, such as a new one."""

    only: list[str] = Field(default_factory=list)


def _specs() -> list[dg.AssetSpec]:
    shared = {"group_name": GROUP, "owners": ["team:data"], "kinds": {"duckdb"}, "skippable": True}
    return [
        dg.AssetSpec(
            MEMBERSHIP,
            deps=SEGMENTS,
            description=(
                "Who was in which segment at the end of a day, by what was known then. One row per "
                "day, segment and contact."
            ),
            **shared,
        ),
        dg.AssetSpec(
            SCORES,
            deps=[["scores", "totals"]],
            description=(
                "What each score was at the end of a day, by what was known then. One row per day, "
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
    pool="warehouse",
    name="daily",
)
def daily(
    context: dg.AssetExecutionContext, config: BackfillConfig, sendhouse: Sendhouse
) -> Iterator[dg.MaterializeResult]:
    """Replay the days in a scratch warehouse, where nothing can send, and keep what they say."""
    settings = sendhouse.settings
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
