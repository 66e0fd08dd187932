"""The Dagster definitions: every model is an asset with group, owner and description."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from dagster_project.home.settings import PROJECT_DIR, load_settings
from dagster_project.project import dbt

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dagster as dg
    from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

# Models whose table has another name than the file. Other tables are named folder.file.
TABLES = {
    ("contacts", "score_ledger"): ("scores", "ledger"),
    ("contacts", "score_totals"): ("scores", "totals"),
    ("contacts", "segment_membership"): ("segments", "membership"),
    ("identity", "contact_identities"): ("contacts", "contact_identities"),
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AssetGraph]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SENDHOUSE_HOME", str(tmp_path_factory.mktemp("definitions")))
        from dagster_project.definitions import defs

        # As Dagster loads it: the names of jobs and steps are checked too.
        yield defs.get_repository_def().asset_graph


def test_every_model_file_is_an_asset_under_the_name_of_its_table(graph: AssetGraph):
    project = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))
    staging = project["models"]["sendhouse"]["staging"]
    switched_off = {name for name, keys in staging.items() if keys == {"+enabled": False}}
    files = [
        path.relative_to(PROJECT_DIR)
        for path in (PROJECT_DIR / "models").rglob("*.*")
        if path.suffix in (".sql", ".py") and path.parent.name not in switched_off
    ]
    names = {(path.parts[1], path.stem) for path in files}
    assert names >= TABLES.keys()
    expected = {TABLES.get(name, name) for name in names}
    models = {key for key in graph.materializable_asset_keys if _is_model(graph, key)}
    assert {tuple(key.path) for key in models} == expected


def test_every_asset_has_a_group_an_owner_kinds_and_a_description(graph: AssetGraph):
    incomplete = [
        key.to_user_string()
        for key in graph.materializable_asset_keys
        if not (
            graph.get(key).group_name not in ("", "default")
            and graph.get(key).owners
            and graph.get(key).kinds
            and graph.get(key).description
        )
    ]
    assert not incomplete


def test_every_asset_is_in_the_pool_warehouse(graph: AssetGraph):
    keys = graph.materializable_asset_keys
    pools = {k.to_user_string(): graph.get(k).pools for k in keys}
    outside = {key for key, found in pools.items() if found != {"warehouse"}}
    # A backfill reads a copy of the warehouse, and holds the warehouse only to write its rows.
    assert outside == {"segments/membership_daily", "scores/daily"}
    assert "default_limit: 1" in (PROJECT_DIR / "dagster.yaml").read_text(encoding="utf-8")


def test_lineage_leads_from_landing_to_the_funnel_without_a_cycle(graph: AssetGraph):
    key = next(k for k in graph.get_all_asset_keys() if k.path == ["funnels", "sequence_steps"])
    upstream = {tuple(k.path) for k in graph.get_ancestor_asset_keys(key)}
    assert {("control", "clock"), ("raw", "events"), ("raw", "attempts")} <= upstream
    order = [tuple(k.path) for k in graph.toposorted_asset_keys]
    assert len(order) == len(set(order)) == len(graph.get_all_asset_keys())
    assert order.index(("delivery", "send_queue")) < order.index(("delivery", "dispatch"))
    # The decisions of earlier ticks are sources without upstream assets.
    states = [k for k in graph.get_all_asset_keys() if k.path[0] == "state"]
    assert states
    assert not [k for k in states if graph.get(k).parent_keys or graph.get(k).is_materializable]


def test_every_dbt_test_of_a_tick_is_an_asset_check(graph: AssetGraph, tmp_path: Path):
    manifest = dbt.manifest(load_settings(home=tmp_path))
    nodes = manifest["nodes"].values()
    tests = [
        n
        for n in nodes
        if n["resource_type"] == "test" and n["config"]["enabled"] and "slow" not in n["tags"]
    ]
    assert len(graph.asset_check_keys) == len(tests)


def test_definitions_load_without_output(tmp_path: Path):
    """In a new process, because Python shows most warnings only once."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import dagster_project.definitions"],
        env=os.environ | {"SENDHOUSE_HOME": str(tmp_path)},
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (loaded.stdout, loaded.stderr) == ("", "")


def _is_model(graph: AssetGraph, key: dg.AssetKey) -> bool:
    return "dagster_dbt/manifest" in graph.get(key).metadata
