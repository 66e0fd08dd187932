"""The models as assets, and data tests as their checks."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings
from dagster_dbt.asset_utils import build_dbt_specs, get_asset_check_key_for_test

from dagster_project.home.settings import load_settings
from dagster_project.project import dbt

DEFAULT_OWNER = "team:data"
_SEVERITIES = {"warn": dg.AssetCheckSeverity.WARN}


class Translator(DagsterDbtTranslator):
    """Asset keys are schema and table; groups are folders."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Return schema and table (example: `segments/trial_accounts`)."""
        props = dbt_resource_props
        if props["resource_type"] != "source":
            return dg.AssetKey([props["schema"], props["alias"]])
        # Own keys: the rows of earlier ticks are not an output of this tick, which avoids a cycle.
        if props["source_name"] == "state":
            return dg.AssetKey(["state", props["name"]])
        return dg.AssetKey([props["schema"], props["identifier"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Return the folder under models/."""
        if dbt_resource_props["resource_type"] == "source":
            return None
        return dbt_resource_props["fqn"][1]

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """Return the owner from the model's YAML."""
        owner = dbt_resource_props.get("config", {}).get("meta", {}).get("owner")
        return [owner or DEFAULT_OWNER]

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the other keys of `config.meta` (examples: a segment's kind, rule and review)."""
        meta = dict(dbt_resource_props.get("config", {}).get("meta", {}))
        meta.pop("owner", None)
        metadata = {name: str(value).strip() for name, value in meta.items()}
        return {**super().get_metadata(dbt_resource_props), **metadata}


# Without source metadata: otherwise Dagster matches the state sources by table name with the models
# that append to these tables, which creates a cycle.
TRANSLATOR = Translator(DagsterDbtTranslatorSettings(enable_source_metadata=False))
MANIFEST = dbt.manifest(load_settings())


@cache
def specs() -> tuple[Sequence[dg.AssetSpec], Sequence[dg.AssetCheckSpec]]:
    """The models as assets, and their tests as checks; Dagster would load a list as definitions."""
    return build_dbt_specs(
        translator=TRANSLATOR,
        manifest=MANIFEST,
        select="fqn:*",
        exclude=f"resource_type:unit_test {dbt.SLOW_TESTS}",
        selector="",
        io_manager_key=None,
        project=None,
    )


def selectors(selected: Collection[dg.AssetKey]) -> list[str]:
    """The dbt selectors of some models."""
    return [
        "fqn:" + ".".join(node["fqn"])
        for node in MANIFEST["nodes"].values()
        if node["resource_type"] == "model" and TRANSLATOR.get_asset_key(node) in selected
    ]


def outcome(
    result: dbt.NodeResult, rows: Mapping[str, int]
) -> dg.MaterializeResult | dg.AssetCheckResult | None:
    """What Dagster shows of a model or test that ran; None for one that failed or was skipped.

    Args:
        result: the model or test; its manifest may be newer than `MANIFEST`.
        rows: the rows of each table, by `schema.table`.
    """
    node = MANIFEST["nodes"].get(result.unique_id)
    if node is None:
        return None
    if node["resource_type"] == "test":
        key = get_asset_check_key_for_test(MANIFEST, TRANSLATOR, result.unique_id, None)
        if key is None or result.status == "skipped":
            return None
        return dg.AssetCheckResult(
            passed=result.status == "pass",
            severity=_SEVERITIES.get(result.status, dg.AssetCheckSeverity.ERROR),
            asset_key=key.asset_key,
            check_name=key.name,
            metadata={"failures": result.failures, "seconds": round(result.seconds, 3)},
        )
    if not result.is_ok:
        return None
    metadata: dict[str, Any] = {"seconds": round(result.seconds, 3)}
    count = rows.get(f"{node['schema']}.{node['alias']}")
    if count is not None:
        metadata["dagster/row_count"] = count
    return dg.MaterializeResult(asset_key=TRANSLATOR.get_asset_key(node), metadata=metadata)
