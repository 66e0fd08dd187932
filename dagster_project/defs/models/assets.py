"""The stage `decide`: every SELECT under models/, as one dbt build whose tests are asset checks."""

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
_SEVERITIES = {"warn": dg.AssetCheckSeverity.WARN}


class Translator(DagsterDbtTranslator):
    """Names assets as the warehouse does: schema and table, grouped by folder."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`segments/trial_accounts`; what landing wrote under the name it landed as."""
        props = dbt_resource_props
        if props["resource_type"] != "source":
            return dg.AssetKey([props["schema"], props["alias"]])
        # The state that earlier ticks left is not what this tick appends: another key, no cycle.
        if props["source_name"] == "state":
            return dg.AssetKey(["state", props["name"]])
        return dg.AssetKey([props["schema"], props["identifier"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The folder below models/."""
        if dbt_resource_props["resource_type"] == "source":
            return None
        return dbt_resource_props["fqn"][1]

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """Who the model's YAML says owns it."""
        owner = dbt_resource_props.get("config", {}).get("meta", {}).get("owner")
        return [owner or DEFAULT_OWNER]

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """What its YAML says beside the owner: a segment's kind, rule and next review."""
        said = dict(dbt_resource_props.get("config", {}).get("meta", {}))
        said.pop("owner", None)
        metadata = {name: str(value).strip() for name, value in said.items()}
        return {**super().get_metadata(dbt_resource_props), **metadata}


# Without source metadata: by their table names Dagster would take the state sources for the models
# that append to the same tables, and see a cycle.
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
    """Build what is selected, test it, and say how many rows and seconds each took."""
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
        "fqn:" + ".".join(node["fqn"])
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
            context.log.warning("%s was added meanwhile: the next run shows it", result.unique_id)
            continue
        if node["resource_type"] == "test":
            key = get_asset_check_key_for_test(MANIFEST, TRANSLATOR, result.unique_id, None)
            if key is not None and key in wanted_checks and result.status != "skipped":
                yield dg.AssetCheckResult(
                    passed=result.status == "pass",
                    # What only warns stops nothing, and is not passed over in silence either.
                    severity=_SEVERITIES.get(result.status, dg.AssetCheckSeverity.ERROR),
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
