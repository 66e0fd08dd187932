"""The audits: not part of a tick, which has to be quick."""

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
    "crm_fields": "How full, right and fresh each CRM field is, and what segment it can carry. One "
    "row per day of audit, object and field.",
    "crm_addresses": "How many addresses are people's, roles', throw-away or none. One row per day "
    "of audit, field and verdict.",
    "segment_features": "What segments decide by and how much of it is there. One row per day of "
    "audit, segment and feature.",
}
SEGMENT = {
    "segments": "Size, consent, entries and exits of each segment, and what is wrong with it. One "
    "row per day of audit and segment.",
    "segment_sizes": "How each segment grew and shrank. One row per segment and UTC day since its "
    "first entry.",
    "segment_overlaps": "Which segments share members, near-duplicates and subsets among them. One "
    "row per day of audit and pair that shares anybody.",
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


# In functions: Dagster takes specs that it finds in a module for assets of their own.
def _crm_specs() -> list[dg.AssetSpec]:
    deps = {"segment_features": [FEATURES, *SEGMENTS]}
    return [
        *(_spec("audit", name, said, deps.get(name, RAW)) for name, said in CRM.items()),
        _spec(
            "report",
            "crm",
            "The audit of the CRM as a page, to read and to print.",
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
        *(_spec("audit", name, said, deps[name]) for name, said in SEGMENT.items()),
        _spec(
            "report",
            "segments",
            "The audit of the segments as a page, to read and to print.",
            [["audit", name] for name in SEGMENT],
        ),
    ]


@dg.multi_asset(specs=_crm_specs(), pool="warehouse", name="audit_crm")
def audit_crm(
    context: dg.AssetExecutionContext, sendhouse: Sendhouse
) -> Iterator[dg.MaterializeResult]:
    """Look at every field of every CRM object; write tables and page."""
    settings = sendhouse.settings
    done = audit.run_crm(settings, on_table=lambda table: context.log.info("looking at %s", table))
    lacking = {row.segment: row.problem for row in done.segment_features if row.problem}
    yield _made(
        "audit",
        "crm_fields",
        len(done.fields),
        stale={f"{row.source_table}.{row.field}": row.stale_reason for row in done.stale},
    )
    invalid = sum(row.rows for row in done.addresses if row.verdict == "invalid")
    yield _made("audit", "crm_addresses", len(done.addresses), invalid=invalid)
    yield _made("audit", "segment_features", len(done.segment_features), lacking=lacking)
    page = dg.MetadataValue.path(settings.home / "report" / "crm.html")
    yield _made("report", "crm", page=page)


@dg.multi_asset(specs=_segment_specs(), pool="warehouse", name="audit_segments")
def audit_segments(sendhouse: Sendhouse) -> Iterator[dg.MaterializeResult]:
    """Look at every segment; write tables and page."""
    settings = sendhouse.settings
    done = audit.run_segments(settings)
    findings = {one.segment: one.findings for one in done.segments if one.findings}
    yield _made("audit", "segments", len(done.segments), findings=findings)
    yield _made("audit", "segment_sizes", sum(map(len, done.sizes.values())))
    duplicates = sum(pair.is_near_duplicate for pair in done.overlaps)
    yield _made("audit", "segment_overlaps", len(done.overlaps), near_duplicates=duplicates)
    page = dg.MetadataValue.path(settings.home / "report" / "segments.html")
    yield _made("report", "segments", page=page)


def _made(
    schema: str, name: str, rows: int | None = None, **metadata: dict | int | dg.MetadataValue
) -> dg.MaterializeResult:
    counted = {} if rows is None else {"dagster/row_count": rows}
    return dg.MaterializeResult(asset_key=[schema, name], metadata={**counted, **metadata})
