"""The dbt unit tests of every model, those of vendors that are switched off included."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dagster_project.home.settings import PROJECT_DIR, load_settings
from dagster_project.project import registry
from dagster_project.tick import stages
from tests.support.project_copy import ProjectCopy

if TYPE_CHECKING:
    from pathlib import Path

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SWITCHED_OFF = re.compile(r"^ +\w+: \{\+enabled: false\}\n", re.MULTILINE)


def _written() -> list[str]:
    """The unit tests that the YAML files hold, as `model.name`."""
    return sorted(
        f"{test['model']}.{test['name']}"
        for path in (PROJECT_DIR / "models").rglob("*.yml")
        for test in (yaml.load(path.read_text(encoding="utf-8"), _LOADER) or {}).get(
            "unit_tests", []
        )
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What dbt says of each unit test: the models are built first, for their types."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    folder: Path = tmp_path_factory.mktemp("unit-tests")
    project = ProjectCopy(folder / "project").folder
    path = project / "dbt_project.yml"
    path.write_text(_SWITCHED_OFF.sub("", path.read_text(encoding="utf-8")), encoding="utf-8")
    registry.refresh(project)
    settings = load_settings(home=folder / "home", project_dir=project)
    stages.begin(settings)
    options = [
        *("--project-dir", str(project), "--profiles-dir", str(project)),
        *("--target-path", str(folder), "--log-path", str(folder), "--log-level", "none"),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SENDHOUSE_HOME", str(settings.home))
        try:
            parsed = dbtRunner().invoke(["parse", *options])
            assert parsed.success, parsed.exception
            dbt = dbtRunner(manifest=parsed.result)
            built = dbt.invoke(["run", *options])
            assert built.success, built.exception or [
                one.message for one in built.result if one.status == "error"
            ]
            tested = dbt.invoke(["test", "--select", "test_type:unit", *options])
        finally:
            DuckDBConnectionManager.close_all_connections()
    assert tested.exception is None, tested.exception
    return {
        one.node.unique_id.removeprefix("unit_test.sendhouse."): one
        for one in tested.result
        if one.node.resource_type == "unit_test"
    }


@pytest.mark.parametrize("name", _written())
def test_unit(results: dict[str, Any], name: str):
    result = results[name]
    assert result.status == "pass", f"{result.node.original_file_path}: {result.message}"


def test_every_unit_test_runs(results: dict[str, Any]):
    assert sorted(results) == _written()
