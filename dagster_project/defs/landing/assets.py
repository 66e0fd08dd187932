"""The stages `begin`, `land` and `load_journal`."""

from collections.abc import Iterator
from datetime import datetime

import dagster as dg

from dagster_project.defs.resources import Sendhouse
from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings
from dagster_project.landing.shapes.declared import read_declared
from dagster_project.tick import stages

GROUP = "landing"
OWNERS = ["team:data"]
KINDS = {"duckdb"}
RAW_TABLES = {
    "files": "Landed files with time and row counts. One row per landed file.",
    "rejects": "Rejected lines and files with the reason. One row per rejected line or file.",
    "events": "Events of contacts and companies. One row per event.",
    "tracking": "Opens, clicks, bounces, complaints, replies. One row per tracking event.",
}


class ClockConfig(dg.Config):
    """The instant up to which facts count: ISO 8601 with an offset. Default: now."""

    as_of: str | None = None


@dg.asset(key=["control", "clock"], pool="warehouse", group_name=GROUP, owners=OWNERS, kinds=KINDS)
def clock(config: ClockConfig, sendhouse: Sendhouse) -> dg.MaterializeResult:
    """The clock of the models, set first in a tick. Models never read the machine's time."""
    as_of = None if config.as_of is None else datetime.fromisoformat(config.as_of)
    now = stages.begin(sendhouse.settings, as_of)
    return dg.MaterializeResult(metadata={"as_of": now.as_of.isoformat()})


def _raw_specs() -> list[dg.AssetSpec]:
    tables = dict(RAW_TABLES)
    for name in read_declared(load_settings().project_dir):
        tables[name] = "Unchanged rows of CRM exports. One row per record and export."
    return [
        dg.AssetSpec(
            key=["raw", name],
            deps=[["control", "clock"]],
            group_name=GROUP,
            owners=OWNERS,
            kinds=KINDS,
            description=description,
        )
        for name, description in tables.items()
    ]


@dg.multi_asset(specs=_raw_specs(), pool="warehouse", name="landing")
def landing(
    context: dg.AssetExecutionContext, sendhouse: Sendhouse
) -> Iterator[dg.MaterializeResult]:
    """Fetch new files and rows from remote sources, then load every new file."""
    settings = sendhouse.settings
    landed = stages.land(settings)
    for fetched in landed.fetched:
        log = context.log.warning if fetched.error else context.log.info
        log("%s", fetched)
    with warehouse.connect(settings.warehouse_path) as connection:
        counts = warehouse.row_counts(connection)
    for file in landed.files:
        has_problem = file.error or file.rows_rejected or file.notices
        log = context.log.warning if has_problem else context.log.info
        log("%s", file)
    for key in context.assets_def.keys:
        schema, table = key.path
        yield dg.MaterializeResult(
            asset_key=key, metadata={"dagster/row_count": counts[schema, table]}
        )


@dg.asset(
    key=["raw", "attempts"],
    deps=[["control", "clock"]],
    pool="warehouse",
    group_name=GROUP,
    owners=OWNERS,
    kinds=KINDS,
)
def attempts(sendhouse: Sendhouse) -> dg.MaterializeResult:
    """The tries to send, copied from the journal. One row per try."""
    loaded = stages.load_journal(sendhouse.settings)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": loaded.rows,
            "changed": loaded.changed,
            "settled": dg.MetadataValue.json(dict(loaded.settled)),
        }
    )
