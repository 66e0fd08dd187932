from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.project import registry
from tests.support.project_copy import ProjectCopy

if TYPE_CHECKING:
    from pathlib import Path


def test_models_and_templates_are_listed_and_template_partials_are_not(
    tmp_path: Path,
):
    project = ProjectCopy(tmp_path)
    (tmp_path / "models/segments/europe").mkdir(parents=True)
    (tmp_path / "models/segments/europe/germans.sql").touch()
    (tmp_path / "templates/activation/plain.html").touch()
    (tmp_path / "templates/activation/_footer.mjml").touch()

    names = registry.names(project.folder, "b2b")

    assert {"germans", "silent"} <= set(names["segments"])
    assert {"activation/plain", "activation/welcome"} <= set(names["templates"])
    assert not any("_" in name.rpartition("/")[2][:1] for name in names["templates"])
    assert names["scores"] == ["lead_score"]
    assert "first_name" in names["features"]


def test_gates_and_limits_and_actions_are_listed_by_their_folder(tmp_path: Path):
    project = ProjectCopy(tmp_path)
    gates = tmp_path / "models/delivery/gates"
    (gates / "gate_quiet_hours.sql").touch()
    (gates / "limits/gate_warm_up.sql").touch()
    (tmp_path / "dbt/macros/sequences/actions/notify_owner.sql").touch()

    names = registry.names(project.folder, "b2b")

    assert {"gate_consent", "gate_quiet_hours"} <= set(names["gates"])
    assert {"gate_frequency_cap", "gate_warm_up"} <= set(names["limits"])
    assert not set(names["gates"]) & set(names["limits"])
    assert names["actions"] == ["notify_owner", "send", "suppress"]


def test_the_registry_is_written_only_after_a_file_is_added(tmp_path: Path):
    project = ProjectCopy(tmp_path)
    registry.refresh(project.folder)
    written = (tmp_path / registry.REGISTRY_FILE).stat().st_mtime_ns

    assert registry.refresh(project.folder) is False
    assert (tmp_path / registry.REGISTRY_FILE).stat().st_mtime_ns == written
    (tmp_path / "templates/activation/one_more.mjml").touch()
    assert registry.refresh(project.folder) is True
    assert "'activation/one_more'," in (tmp_path / registry.REGISTRY_FILE).read_text()


def test_staging_models_are_inputs_while_their_source_is_enabled(tmp_path: Path):
    project = ProjectCopy(tmp_path)
    staging = tmp_path / "models/staging"
    (staging / "mycrm").mkdir()
    for name in ("stg_mycrm__contacts", "stg_mycrm__list_members", "stg_other__contacts"):
        (staging / f"mycrm/{name}.sql").touch()

    inputs = registry.names(project.folder, "b2b")["inputs"]
    assert {"stg_standard__contacts", "stg_standard__owners", "stg_mycrm__contacts"} <= set(inputs)
    assert not {"stg_mycrm__list_members", "stg_other__contacts"} & set(inputs)
    assert not any("hubspot" in name for name in inputs)

    with project.edited(
        ("dbt_project.yml", "      hubspot: {+enabled: false}\n", ""),
        ("dbt_project.yml", "    staging:\n", "    staging:\n      mycrm: {+enabled: false}\n"),
    ):
        inputs = registry.names(project.folder, "b2b")["inputs"]
    assert "stg_hubspot__contacts" in inputs
    assert "stg_mycrm__contacts" not in inputs
