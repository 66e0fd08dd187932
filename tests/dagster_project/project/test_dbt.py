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
    """The registry, which the build writes before the parse, is no change of its own."""
    project = ProjectCopy(tmp_path / "project", is_lean=True).folder
    settings = load_settings(home=tmp_path / "home", project_dir=project)
    installation.create(settings)
    segment = project / "models/segments/everybody.sql"
    segment.write_text("select contact_id from {{ ref('contacts') }}\n", encoding="utf-8")

    results = dbt.build(settings, ["stg_files"], with_tests=False)
    assert [(one.unique_id, one.status) for one in results] == [
        ("model.sendhouse.stg_files", "success")
    ]
    loaded = dbt.load(settings)
    assert "model.sendhouse.everybody" in loaded.plan.by_id
    assert loaded.files == dbt.files_mark(settings)

    # A file that is gone again leaves the registry at the next build.
    segment.unlink()
    assert dbt.build(settings, ["stg_files"], with_tests=False) == []
    assert "model.sendhouse.everybody" not in dbt.load(settings).plan.by_id
