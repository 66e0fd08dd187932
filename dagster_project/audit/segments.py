"""What the segments that exist decide by, and how much of it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_project.audit.fields import MOSTLY
from dagster_project.audit.lineage import FEATURES, segment_nodes, used_features
from dagster_project.audit.model import SegmentFeature
from dagster_project.home.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

_FEATURES = ("contacts", FEATURES)


def segment_features(
    connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]
) -> list[SegmentFeature]:
    """Measure each feature that each segment uses; nothing before the first tick has built them."""
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


def columns(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[str]:
    """List a table's columns; none when there is no such table."""
    rows = connection.execute(
        """
        select column_name from duckdb_columns()
        where database_name = current_database() and schema_name = $schema and table_name = $table
        """,
        {"schema": schema, "table": table},
    ).fetchall()
    return [name for (name,) in rows]


def _fill(
    connection: duckdb.DuckDBPyConnection, features: list[str], from_crm: list[str]
) -> tuple[int, dict[str, int]]:
    schema, table = _FEATURES
    numbers = connection.execute(
        """
        select column_name from duckdb_columns()
        where database_name = current_database() and schema_name = $schema and table_name = $table
            and numeric_precision is not null
        """,
        {"schema": schema, "table": table},
    ).fetchall()
    counted = {name for (name,) in numbers} - set(from_crm)
    # What was counted or added up and is nought has not happened.
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
        problem = "no CRM record has it" if origin == "crm" else "it has happened to nobody"
    elif origin == "crm" and filled < MOSTLY * contacts:
        problem = f"{1 - filled / contacts:.0%} of the contacts cannot be judged"
    return SegmentFeature(segment, kind, feature, origin, contacts, filled, members, problem)
