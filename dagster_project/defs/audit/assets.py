"""The audits as assets. The job `tick` excludes them: an audit reads every value of the CRM."""

from collections.abc import Iterator, Sequence

import dagster as dg

from dagster_project import audit
from dagster_project.audit import lineage
from dagster_project.defs.models.assets import MANIFEST, TRANSLATOR
from dagster_project.defs.resources import Sendhouse
from dagster_project.home.settings import load_settings
from dagster_project.landing.shapes.declared import read_declared

GROUP = "audit"
RAW = [["raw", table] for table in read_declared(load_settings().project_dir)]
SEGMENTS = [TRANSLATOR.get_asset_key(node) for node in lineage.segment_nodes(MANIFEST)]
FEATURES = ["contacts", "contact_features"]

CRM = {
    "crm_fields": "Fill rate, validity and freshness of each CRM field, and the kind of segment "
    "that the field can carry. One row per audit day, object and field.",
    "crm_addresses": "Number of personal, role, disposable and invalid addresses. One row per "
    "audit day, field and verdict.",
    "segment_features": "The features that segments use, and their fill rates. One row per audit "
    "day, segment and feature.",
}
SEGMENT = {
    "segments": "Size, consent, entries, exits and problems of each segment. One row per audit day "
    "and segment.",
    "segment_sizes": "Members, entries and exits of each segment by day. One row per segment and "
    "UTC day since the segment's first entry.",
    "segment_overlaps": "Segments with common members, near-duplicates and subsets. One row per "
    "audit day and pair with common members.",
}


def _spec(
    schema: str, name: str, description: str, deps: Sequence[dg.AssetKey | list[str]]
) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=[schema, name],
        description=description,
        deps=deps,
        group_name=GROUP,
        owners=["team:data"],
        kinds={"html" if schema == "report" else "duckdb"},
    )


# In functions: Dagster loads each module-level AssetSpec as an external asset.
def _crm_specs() -> list[dg.AssetSpec]:
    deps = {"segment_features": [FEATURES, *SEGMENTS]}
    return [
        *(_spec("audit", name, text, deps.get(name, RAW)) for name, text in CRM.items()),
        _spec(
            "report",
            "crm",
            "The CRM audit as a printable HTML page.",
            [["audit", name] for name in CRM],
        ),
    ]


def _segment_specs() -> list[dg.AssetSpec]:
    changes = ["decisions", "segment_changes"]
    members = ["proposals", "segment_members"]
    deps = {
        "segments": [
            FEATURES, members, changes, ["contacts", "contact_consent"],
            ["ledger", "source_freshness"], *SEGMENTS,
        ],
        "segment_sizes": [changes],
        "segment_overlaps": [members],
    }  # fmt: skip
    return [
        *(_spec("audit", name, text, deps[name]) for name, text in SEGMENT.items()),
        _spec(
            "report",
            "segments",
            "The audit of the segments as a printable HTML page.",
            [["audit", name] for name in SEGMENT],
        ),
    ]


@dg.multi_asset(specs=_crm_specs(), pool="warehouse", name="audit_crm")
def audit_crm(
    context: dg.AssetExecutionContext, sendhouse: Sendhouse
) -> Iterator[dg.MaterializeResult]:
    """Audit every field of every CRM object; write the tables and the page."""
    settings = sendhouse.settings
    result = audit.run_crm(settings, on_table=lambda table: context.log.info("auditing %s", table))
    lacking = {row.segment: row.problem for row in result.segment_features if row.problem}
    yield _materialized(
        "audit",
        "crm_fields",
        len(result.fields),
        stale={f"{row.source_table}.{row.field}": row.stale_reason for row in result.stale},
    )
    invalid = sum(row.rows for row in result.addresses if row.verdict == "invalid")
    yield _materialized("audit", "crm_addresses", len(result.addresses), invalid=invalid)
    yield _materialized("audit", "segment_features", len(result.segment_features), lacking=lacking)
    page = dg.MetadataValue.path(settings.home / "report" / "crm.html")
    yield _materialized("report", "crm", page=page)


@dg.multi_asset(specs=_segment_specs(), pool="warehouse", name="audit_segments")
def audit_segments(sendhouse: Sendhouse) -> Iterator[dg.MaterializeResult]:
    """Audit every segment; write the tables and the page."""
    settings = sendhouse.settings
    result = audit.run_segments(settings)
    findings = {row.segment: row.findings for row in result.segments if row.findings}
    yield _materialized("audit", "segments", len(result.segments), findings=findings)
    yield _materialized("audit", "segment_sizes", sum(map(len, result.sizes.values())))
    duplicates = sum(pair.is_near_duplicate for pair in result.overlaps)
    yield _materialized(
        "audit", "segment_overlaps", len(result.overlaps), near_duplicates=duplicates
    )
    page = dg.MetadataValue.path(settings.home / "report" / "segments.html")
    yield _materialized("report", "segments", page=page)


def _materialized(
    schema: str, name: str, rows: int | None = None, **metadata: dict | int | dg.MetadataValue
) -> dg.MaterializeResult:
    counted = {} if rows is None else {"dagster/row_count": rows}
    return dg.MaterializeResult(asset_key=[schema, name], metadata={**counted, **metadata})
