"""A tick as one step of Dagster. Only what ran is reported; the other assets keep their state.

One step, because Dagster skips a step whose input was not reported: with a step per stage, a tick
in which no model of the send queue ran would dispatch nothing.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime

import dagster as dg

from dagster_project.defs.models.assets import MANIFEST, TRANSLATOR, outcome, selectors, specs
from dagster_project.defs.resources import Sendhouse
from dagster_project.home.settings import Settings, load_settings
from dagster_project.landing.shapes.declared import read_declared
from dagster_project.project import dbt
from dagster_project.tick import serving, stages
from dagster_project.tick.recorded import rows_by_table
from dagster_project.tick.report import not_done

CLOCK = dg.AssetKey(["control", "clock"])
ATTEMPTS = dg.AssetKey(["raw", "attempts"])
DISPATCH = dg.AssetKey(["delivery", "dispatch"])
ANALYTICS = dg.AssetKey(["serving", "analytics"])
OTHERS = frozenset({CLOCK, ATTEMPTS, DISPATCH, ANALYTICS})
RAW_TABLES = {
    "files": "Landed files with time and row counts. One row per landed file.",
    "rejects": "Rejected lines and files with the reason. One row per rejected line or file.",
    "events": "Events of contacts and companies. One row per event.",
    "tracking": "Opens, clicks, bounces, complaints, replies. One row per tracking event.",
}

Result = dg.MaterializeResult | dg.AssetCheckResult


class TickConfig(dg.Config):
    """The instant up to which facts count: ISO 8601 with an offset. Default: now."""

    as_of: str | None = None


def _spec(
    key: dg.AssetKey, group: str, description: str, kinds: set[str], *deps: dg.AssetKey
) -> dg.AssetSpec:
    return dg.AssetSpec(
        key,
        deps=deps,
        description=description,
        group_name=group,
        owners=["team:data"],
        kinds=kinds,
        skippable=True,
    )


def _raw_specs() -> list[dg.AssetSpec]:
    tables = dict(RAW_TABLES)
    for name in read_declared(load_settings().project_dir):
        tables[name] = "Unchanged rows of CRM exports. One row per record and export."
    return [
        _spec(dg.AssetKey(["raw", name]), "landing", description, {"duckdb"}, CLOCK)
        for name, description in tables.items()
    ]


LANDED = frozenset(spec.key for spec in _raw_specs())


def _specs() -> list[dg.AssetSpec]:
    return [
        _spec(
            CLOCK,
            "landing",
            "The clock of the models, set first in a tick. Models never read the machine's time.",
            {"duckdb"},
        ),
        *_raw_specs(),
        _spec(
            ATTEMPTS,
            "landing",
            "The tries to send, copied from the journal. One row per try.",
            {"duckdb"},
            CLOCK,
        ),
        *specs()[0],
        _spec(
            DISPATCH,
            "delivery",
            "Sends the rows of the send queue, each once. The journal is written before and after "
            "each message. The warehouse is closed during each connection to a server.",
            {"email"},
            dg.AssetKey(["delivery", "send_queue"]),
        ),
        _spec(
            ANALYTICS,
            "serving",
            "The published tables as a DuckDB file and as Parquet files, replaced by renames. A "
            "reader keeps reading an open file. Readers and ticks never wait for each other.",
            {"duckdb", "parquet"},
            # Derived from the manifest, so a new funnel needs no entry here.
            *(
                TRANSLATOR.get_asset_key(node)
                for node in MANIFEST["nodes"].values()
                if node["resource_type"] == "model"
                and serving.is_published(node["schema"], node["alias"])
            ),
        ),
    ]


@dg.multi_asset(
    name="stages",  # the job has the name `tick`
    specs=_specs(),
    check_specs=specs()[1],
    can_subset=True,
    pool="warehouse",
    allow_arbitrary_check_specs=True,
)
def all_stages(
    context: dg.AssetExecutionContext, config: TickConfig, sendhouse: Sendhouse
) -> Iterator[Result]:
    """Run the stages whose assets are selected, in their order; all of them in a tick."""
    settings, selected = sendhouse.settings, context.selected_asset_keys
    if CLOCK in selected:
        as_of = None if config.as_of is None else datetime.fromisoformat(config.as_of)
        clock = stages.begin(settings, as_of)
        context.instance.add_run_tags(context.run_id, {"sendhouse/clock": clock.as_of.isoformat()})
        yield dg.MaterializeResult(CLOCK, metadata={"as_of": clock.as_of.isoformat()})
    if selected & LANDED:
        yield from _land(context, settings)
    if ATTEMPTS in selected:
        yield from _load_journal(settings)
    if context.selected_asset_check_keys or selected - LANDED - OTHERS:
        yield from _decide(context, settings)
    if DISPATCH in selected:
        yield from _dispatch(context, settings)
    if ANALYTICS in selected:
        published = stages.publish(settings)
        yield dg.MaterializeResult(
            ANALYTICS,
            metadata={
                "dagster/row_count": sum(published.rows.values()),
                "tables": dg.MetadataValue.json(published.rows),
                "bytes": published.bytes,
            },
        )


def _land(context: dg.AssetExecutionContext, settings: Settings) -> Iterator[Result]:
    before = rows_by_table(settings)
    landed = stages.land(settings)
    after = rows_by_table(settings)
    for fetched in landed.fetched:
        log = context.log.warning if fetched.error else context.log.info
        log("%s", fetched)
    for file in landed.files:
        has_problem = file.error or file.rows_rejected or file.notices
        log = context.log.warning if has_problem else context.log.info
        log("%s", file)
    rows = sum(file.rows_landed for file in landed.files)
    context.instance.add_run_tags(context.run_id, {"sendhouse/rows_landed": str(rows)})
    for key in sorted(LANDED):
        table = ".".join(key.path)
        if key in context.selected_asset_keys and after[table] != before[table]:
            yield dg.MaterializeResult(key, metadata={"dagster/row_count": after[table]})


def _load_journal(settings: Settings) -> Iterator[Result]:
    loaded = stages.load_journal(settings)
    if loaded.changed:
        yield dg.MaterializeResult(
            ATTEMPTS,
            metadata={
                "dagster/row_count": loaded.rows,
                "changed": loaded.changed,
                "settled": dg.MetadataValue.json(dict(loaded.settled)),
            },
        )


def _decide(context: dg.AssetExecutionContext, settings: Settings) -> Iterator[Result]:
    select = selectors(context.selected_asset_keys) if context.is_subset else []
    results = stages.decide(settings, select)
    rows = rows_by_table(settings)
    checked = {(key.asset_key, key.name) for key in context.selected_asset_check_keys}
    for result in results:
        shown = outcome(result, rows)
        if isinstance(shown, dg.MaterializeResult) or (
            shown is not None and (shown.asset_key, shown.check_name) in checked
        ):
            yield shown
    dbt.raise_for(results)


def _dispatch(context: dg.AssetExecutionContext, settings: Settings) -> Iterator[Result]:
    report = stages.dispatch(settings)
    for problem in report.problems:
        context.log.warning("send %s %s: %s", problem.send_id, problem.status, problem.detail)
    context.instance.add_run_tags(context.run_id, {"sendhouse/sent": str(report.sent)})
    if any(report.counts().values()) or report.skipped or report.settled:
        yield dg.MaterializeResult(
            DISPATCH,
            metadata={
                **report.counts(),
                "not_done": dg.MetadataValue.json([asdict(one) for one in not_done(report)]),
                "skipped": dg.MetadataValue.json(dict(report.skipped)),
                "settled": dg.MetadataValue.json(dict(report.settled)),
            },
        )
