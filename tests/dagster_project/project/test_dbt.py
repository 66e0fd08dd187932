"""A build serves the files of the project as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.home.settings import load_settings
from dagster_project.project import dbt
from dagster_project.tick import installation
from tests.support.project_copy import ProjectCopy

if TYPE_CHECKING:
    from pathlib import Path


def test_the_first_build_after_a_new_file_renders_the_project_with_it(tmp_path: Path):
    """The registry, which is written before the parse, is one of the files that dbt reads."""
    project = ProjectCopy(tmp_path / "project", is_lean=True).folder
    settings = load_settings(home=tmp_path / "home", project_dir=project)
    installation.create(settings)
    segment = project / "models/segments/everybody.sql"
    segment.write_text("select contact_id from {{ ref('contacts') }}\n", encoding="utf-8")

    results = dbt.build(settings, ["stg_files"], with_tests=False)
    assert [(one.unique_id, one.status) for one in results] == [
        ("model.sendhouse.stg_files", "success")
    ]
    assert "model.sendhouse.everybody" in dbt.load(settings).plan.by_id
