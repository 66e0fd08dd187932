from __future__ import annotations

from typing import Any

from dagster_project.audit.lineage import (
    FEATURES,
    IDENTITY,
    raw_tables,
    segment_nodes,
    used_features,
    users,
)
from dagster_project.home.settings import PROJECT_DIR

NAMES = ["contact_id", "country", "job_title", "last_active_at", "purchases"]


def test_features_in_code_are_used_and_features_in_comments_and_strings_are_not():
    code = """
        {#- purchases in a comment -#}
        select contact_id -- country in a comment
        from {{ ref('contact_features') }} /* purchases */
        where job_title like '%country%'
            and LAST_ACTIVE_AT < {{ minus_days(as_of(), parameter('silence_days')) }}
    """
    assert used_features(code, NAMES) == ["job_title", "last_active_at"]


def test_a_feature_in_a_macro_argument_is_used():
    code = "select contact_id from f where {{ older_than('last_active_at', days=3) }}"
    assert used_features(code, NAMES) == ["last_active_at"]


def test_raw_tables_of_a_segment_are_those_of_the_features_that_it_names():
    manifest = _manifest()
    fed = {node["name"]: raw_tables(manifest, node) for node in segment_nodes(manifest)}
    assert fed == {
        "deciders": {"standard__contacts"},
        "buyers": {"events"},
        # Through another segment, and through a model.
        "deciding_buyers": {"events", "standard__contacts", "tracking"},
        # An undeclared feature may come from any input of contact_features.
        "odd": {"events", "standard__contacts"},
    }


def test_the_models_at_which_lineage_ends_exist():
    models = {path.stem for path in (PROJECT_DIR / "models").rglob("*.yml")}
    assert models >= {*IDENTITY, FEATURES}


def test_users_are_models_of_analysts_and_not_models_that_read_every_segment():
    manifest = _manifest()
    used_by = {node["name"]: users(manifest, node) for node in segment_nodes(manifest)}
    assert used_by == {
        "deciders": ["segments/deciding_buyers", "sequences/call_them"],
        "buyers": ["segments/deciding_buyers", "triggers/bought"],
        "deciding_buyers": [],
        "odd": [],
    }


def _manifest() -> dict[str, Any]:
    features = ("contacts", "features")
    models = [
        _model("contact_identities", ("contacts",), ["raw.standard__contacts", "raw.tracking"]),
        _model("contacts", ("contacts",), ["raw.standard__contacts", "contact_identities"]),
        _model("events", ("activity",), ["raw.events", "contact_identities", "state.decided"]),
        _model("engagement", ("activity",), ["raw.tracking", "contact_identities"]),
        _model("profile", features, ["contacts"], columns=["contact_id", "job_title"]),
        _model("bought", features, ["events"], columns=["contact_id", "purchases"]),
        _model(
            "contact_features",
            ("contacts",),
            ["profile", "bought"],
            columns=["contact_id", "job_title", "purchases", "undeclared"],
        ),
        _model("deciders", ("segments",), ["contact_features"], code="where job_title = 'CEO'"),
        _model("buyers", ("segments",), ["contact_features"], code="where purchases > 0"),
        _model("deciding_buyers", ("segments",), ["deciders", "buyers", "engagement"]),
        _model("odd", ("segments",), ["contact_features"], code="where undeclared"),
        _model(
            "segment_members",
            ("proposals",),
            ["deciders", "buyers", "deciding_buyers", "odd"],
        ),
        _model("call_them", ("sequences",), ["deciders"]),
        _model("bought_trigger", ("triggers",), ["buyers"], name="bought"),
    ]
    sources = [("raw", "standard__contacts"), ("raw", "tracking"), ("raw", "events"),
               ("decisions", "decided")]  # fmt: skip
    test = _model("unique_buyers", ("segments",), ["buyers"]) | {"resource_type": "test"}
    return {
        "nodes": {node["unique_id"]: node for node in [*models, test]},
        "sources": {
            f"{'state' if schema == 'decisions' else 'raw'}.{table}": {
                "schema": schema,
                "identifier": table,
            }
            for schema, table in sources
        },
    }


def _model(
    unique_id: str,
    folders: tuple[str, ...],
    parents: list[str],
    *,
    name: str | None = None,
    code: str = "",
    columns: list[str] | None = None,
) -> dict[str, Any]:
    name = name or unique_id
    return {
        "resource_type": "model", "unique_id": unique_id, "name": name,
        "fqn": ["sendhouse", *folders, name], "raw_code": code,
        "columns": {column: {} for column in columns or []}, "depends_on": {"nodes": parents},
    }  # fmt: skip
