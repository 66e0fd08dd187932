"""The stage `publish`: replace the copy that BI reads."""

import dagster as dg

from dagster_project.defs.models.assets import MANIFEST, TRANSLATOR
from dagster_project.defs.resources import Sendhouse
from dagster_project.tick import serving, stages

# Derived from the manifest, so a new funnel needs no entry here.
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
    """The published tables as a DuckDB file and as Parquet files, replaced by renames.

    A reader keeps reading an open file. Readers and ticks never wait for each other.
    """
    published = stages.publish(sendhouse.settings)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(published.rows.values()),
            "tables": dg.MetadataValue.json(published.rows),
            "bytes": published.bytes,
        }
    )
