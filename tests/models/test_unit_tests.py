"""The dbt unit tests of every model, including the models of disabled vendors.

They run in a project to which one more file of each kind was added, as a user adds it: an addition
breaks no test that is shipped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dagster_project.home.settings import PROJECT_DIR, load_settings
from dagster_project.tick import stages
from tests.support import additions
from tests.support.dbt_runs import run_dbt
from tests.support.project_copy import ProjectCopy

if TYPE_CHECKING:
    from pathlib import Path

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DISABLED = re.compile(r"^ +\w+: \{\+enabled: false\}\n", re.MULTILINE)


def _written() -> list[str]:
    """The unit tests in the YAML files, as `model.name`."""
    return sorted(
        f"{test['model']}.{test['name']}"
        for path in (PROJECT_DIR / "models").rglob("*.yml")
        for test in (yaml.load(path.read_text(encoding="utf-8"), _LOADER) or {}).get(
            "unit_tests", []
        )
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The result of each unit test. The models are built first: dbt reads their column types."""
    folder: Path = tmp_path_factory.mktemp("unit-tests")
    project = ProjectCopy(folder / "project").folder
    additions.add(project)
    path = project / "dbt_project.yml"
    path.write_text(_DISABLED.sub("", path.read_text(encoding="utf-8")), encoding="utf-8")
    settings = load_settings(home=folder / "home", project_dir=project)
    stages.begin(settings)
    built, tested = run_dbt(project, settings.home, ["run"], ["test", "--select", "test_type:unit"])
    assert not [one.message for one in built if one.status == "error"]
    return {one.node.unique_id.removeprefix("unit_test.sendhouse."): one for one in tested}


@pytest.mark.parametrize("name", _written())
def test_unit(results: dict[str, Any], name: str):
    result = results[name]
    assert result.status == "pass", f"{result.node.original_file_path}: {result.message}"


def test_every_unit_test_runs_and_those_of_added_files_pass(results: dict[str, Any]):
    added = {name: result for name, result in results.items() if name.startswith("added_")}
    assert sorted(results.keys() - added) == _written()
    assert {result.status for result in added.values()} == {"pass"}
    # Of a segment, a score and a trigger, and of the trigger and the audience of a sequence.
    assert len(added) == 5
