"""The stage `decide`: all models in one dbt build; data tests are asset checks."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from dagster_project.defs.resources import Sendhouse
from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings
from dagster_project.project import dbt
from dagster_project.tick import stages

DEFAULT_OWNER = "team:data"
SEVERITIES = {"warn": dg.AssetCheckSeverity.WARN}


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
SETTINGS = load_settings()
MANIFEST = dbt.manifest(SETTINGS)


@dbt_assets(
    manifest=MANIFEST,
    dagster_dbt_translator=TRANSLATOR,
    name="models",
    pool="warehouse",
    exclude=f"resource_type:unit_test {dbt.SLOW_TESTS}",
)
def models(
    context: dg.AssetExecutionContext, sendhouse: Sendhouse
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Build and test the selected models; report the rows and seconds of each model."""
    settings = sendhouse.settings
    select = _selectors(context) if context.is_subset else []
    results = stages.decide(settings, select)
    with warehouse.connect(settings.warehouse_path) as connection:
        row_counts = warehouse.row_counts(connection)
    yield from _events(context, results, row_counts)
    dbt.raise_for(results)


def _selectors(context: dg.AssetExecutionContext) -> list[str]:
    selected = context.selected_asset_keys
    return [
        node["name"]
        for node in MANIFEST["nodes"].values()
        if node["resource_type"] == "model" and TRANSLATOR.get_asset_key(node) in selected
    ]


def _events(
    context: dg.AssetExecutionContext,
    results: list[dbt.NodeResult],
    row_counts: Mapping[tuple[str, str], int],
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    wanted_checks = context.selected_asset_check_keys
    for result in results:
        node = MANIFEST["nodes"].get(result.unique_id)
        if node is None:
            context.log.warning("%s is new: the next run reports it", result.unique_id)
            continue
        if node["resource_type"] == "test":
            key = get_asset_check_key_for_test(MANIFEST, TRANSLATOR, result.unique_id, None)
            if key is not None and key in wanted_checks and result.status != "skipped":
                yield dg.AssetCheckResult(
                    passed=result.status == "pass",
                    severity=SEVERITIES.get(result.status, dg.AssetCheckSeverity.ERROR),
                    asset_key=key.asset_key,
                    check_name=key.name,
                    metadata={"failures": result.failures, "seconds": result.seconds},
                )
        elif result.is_ok:
            metadata: dict[str, Any] = {"seconds": result.seconds}
            rows = row_counts.get((node["schema"], node["alias"]))
            if rows is not None:
                metadata["dagster/row_count"] = rows
            yield dg.MaterializeResult(asset_key=TRANSLATOR.get_asset_key(node), metadata=metadata)
