"""The features that each segment uses, and their fill rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_project.audit.catalog import columns
from dagster_project.audit.crm.field_audit import MIN_FILL_RATE
from dagster_project.audit.crm.results import SegmentFeature
from dagster_project.audit.lineage import FEATURES, segment_nodes, used_features
from dagster_project.home.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

_FEATURES = ("contacts", FEATURES)


def segment_features(
    connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]
) -> list[SegmentFeature]:
    """Measure each feature of each segment; empty if no tick has built the features."""
    features = columns(connection, *_FEATURES)
    if not features:
        return []
    from_crm = columns(connection, "contacts", "contacts")
    contacts, filled = _fill(connection, features, from_crm)
    return [
        _feature(
            segment=node["name"],
            kind=node["config"].get("meta", {}).get("kind"),
            feature=feature,
            origin="crm" if feature in from_crm else "activity",
            contacts=contacts,
            filled=filled[feature],
            members=_members(connection, node["schema"], node["alias"]),
        )
        for node in segment_nodes(manifest)
        if any(parent.endswith(f".{FEATURES}") for parent in node["depends_on"]["nodes"])
        for feature in used_features(node["raw_code"], features)
    ]


def _fill(
    connection: duckdb.DuckDBPyConnection, features: list[str], from_crm: list[str]
) -> tuple[int, dict[str, int]]:
    schema, table = _FEATURES
    counted = set(columns(connection, schema, table, numeric_only=True)) - set(from_crm)
    # A count or a sum of zero means that the activity did not happen.
    counts = ", ".join(
        f"count(nullif({identifier(name)}, 0))" if name in counted else f"count({identifier(name)})"
        for name in features
    )
    [(contacts, *filled)] = connection.execute(
        f"select count(*), {counts} from {identifier(schema)}.{identifier(table)}"  # noqa: S608
    ).fetchall()
    return contacts, dict(zip(features, filled, strict=True))


def _members(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> int | None:
    if not columns(connection, schema, table):
        return None
    [(members,)] = connection.execute(
        f"select count(*) from {identifier(schema)}.{identifier(table)}"  # noqa: S608
    ).fetchall()
    return members


def _feature(
    *,
    segment: str,
    kind: str | None,
    feature: str,
    origin: str,
    contacts: int,
    filled: int,
    members: int | None,
) -> SegmentFeature:
    problem = None
    if contacts and filled == 0:
        problem = "no CRM record has a value" if origin == "crm" else "no contact has this activity"
    elif origin == "crm" and filled < MIN_FILL_RATE * contacts:
        problem = f"{1 - filled / contacts:.0%} of the contacts cannot be judged"
    return SegmentFeature(segment, kind, feature, origin, contacts, filled, members, problem)
