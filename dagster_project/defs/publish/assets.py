"""The stage `publish`: what BI reads."""

import dagster as dg

from dagster_project.defs.models.assets import MANIFEST, TRANSLATOR
from dagster_project.defs.resources import Sendhouse
from dagster_project.tick import serving, stages

# Asked of the models themselves, so that a new funnel is published without being named here.
PUBLISHED = [
    TRANSLATOR.get_asset_key(node)
    for node in MANIFEST["nodes"].values()
    if node["resource_type"] == "model" and serving.is_published(node["schema"], node["alias"])
]


@dg.asset(
    key=["serving", "analytics"],
    deps=PUBLISHED,
    pool="warehouse",
    group_name="serving",
    owners=["team:data"],
    kinds={"duckdb", "parquet"},
)
def analytics(sendhouse: Sendhouse) -> dg.MaterializeResult:
    """A copy of what BI reads, as a DuckDB file and as Parquet, replaced by renames.

    Readers keep what they have open; nobody waits for a tick, no tick waits for a reader.
    """
    published = stages.publish(sendhouse.settings)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(published.rows.values()),
            "tables": dg.MetadataValue.json(published.rows),
            "bytes": published.bytes,
        }
    )
