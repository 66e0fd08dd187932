"""The audit of the CRM: not part of a tick, which has to be quick."""

from collections.abc import Iterator

import dagster as dg

from dagster_project import audit
from dagster_project.audit import store
from dagster_project.defs.models.assets import MANIFEST, TRANSLATOR
from dagster_project.defs.resources import Sendhouse
from dagster_project.landing.declared import read_declared
from dagster_project.settings import load_settings

GROUP = "audit"
RAW = [["raw", table] for table in read_declared(load_settings().project_dir)]
SEGMENTS = [
    TRANSLATOR.get_asset_key(node)
    for node in MANIFEST["nodes"].values()
    if node["resource_type"] == "model"
    and node["fqn"][1] == "segments"
    and "system" not in node["fqn"]
]
FEATURES = ["contacts", "contact_features"]


def _spec(
    schema: str, name: str, description: str, deps: list[dg.AssetKey | list[str]]
) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=[schema, name],
        description=description,
        deps=deps,
        group_name=GROUP,
        owners=["team:data"],
        kinds={"html" if schema == "report" else "duckdb"},
    )


TABLES = [["audit", name] for name in store.TABLES]
PAGE = ["report", "crm"]


# In a function: Dagster takes specs that it finds in a module for assets of their own.
def _specs() -> list[dg.AssetSpec]:
    return [
        _spec(
            "audit",
            "crm_fields",
            "How full, right and fresh each CRM field is, and what segment it can carry. One row "
            "per day of audit, object and field.",
            [*RAW],
        ),
        _spec(
            "audit",
            "crm_addresses",
            "How many addresses are people's, roles', throw-away or none. One row per day of "
            "audit, field and verdict.",
            [*RAW],
        ),
        _spec(
            "audit",
            "segment_features",
            "What segments decide by and how much of it is there. One row per day of audit, "
            "segment and feature.",
            [FEATURES, *SEGMENTS],
        ),
        _spec(
            "report",
            "crm",
            "The audit as a page, to read and to print.",
            [*TABLES],
        ),
    ]


@dg.multi_asset(specs=_specs(), pool="warehouse", name="audit_crm")
def audit_crm(
    context: dg.AssetExecutionContext, sendhouse: Sendhouse
) -> Iterator[dg.MaterializeResult]:
    """Look at every field of every CRM object; write tables and page."""
    settings = sendhouse.settings
    done = audit.run(settings, on_table=lambda table: context.log.info("looking at %s", table))
    lacking = {row.segment: row.problem for row in done.segment_features if row.problem}
    metadata = {
        "crm_fields": {
            "dagster/row_count": len(done.fields),
            "stale": dg.MetadataValue.json(
                {f"{row.source_table}.{row.field}": row.stale_reason for row in done.stale}
            ),
        },
        "crm_addresses": {
            "dagster/row_count": len(done.addresses),
            "invalid": sum(row.rows for row in done.addresses if row.verdict == "invalid"),
        },
        "segment_features": {
            "dagster/row_count": len(done.segment_features),
            "lacking": dg.MetadataValue.json(lacking),
        },
        "crm": {"page": dg.MetadataValue.path(settings.home / "report" / "crm.html")},
    }
    for key in [*TABLES, PAGE]:  # Dagster wants what is made of the others last
        yield dg.MaterializeResult(asset_key=key, metadata=metadata[key[-1]])
