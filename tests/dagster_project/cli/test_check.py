"""The command; what it finds is tested in test_project_check and test_references."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dagster_project.project import registry
from tests.support.home import Home, finish

if TYPE_CHECKING:
    from tests.support.project_copy import ProjectCopy

SEQUENCE = "models/sequences/activation.sql"
TYPO = (SEQUENCE, "in_segment('activated'), replied()", "in_segment('actived'), replied()")
FINDING = f"{SEQUENCE}: in_segment() names segment 'actived'"


def test_findings_are_listed_for_people_and_scripts_and_plain_dbt_refuses_too(
    home: Home, project: ProjectCopy
):
    folder = str(project.folder)
    with project.edited(TYPO):
        said = finish(home.start("check", SENDHOUSE_PROJECT_DIR=folder))
        as_json = finish(home.start("check", "--json", SENDHOUSE_PROJECT_DIR=folder))
        dbt = finish(home.spawn("dbt", "parse", "--project-dir", folder, "--profiles-dir", folder))

    assert (said.code, as_json.code, dbt.code) == (3, 3, 2)
    assert FINDING in said.err
    assert "> in macro" not in said.err
    [finding] = json.loads(as_json.out)["findings"]
    assert FINDING in finding
    assert FINDING in dbt.out


def test_plain_dbt_does_not_pass_over_a_new_file_and_check_registers_it(
    home: Home, project: ProjectCopy
):
    folder = str(project.folder)
    finish(home.start("init", SENDHOUSE_PROJECT_DIR=folder))
    path = project.folder / "models/segments/everybody.sql"
    path.write_text("select contact_id from {{ ref('contacts') }}\n", encoding="utf-8")

    build = ["build", "-s", "everybody", "--project-dir", folder, "--profiles-dir", folder]
    refused = finish(home.spawn("dbt", *build))
    checked = finish(home.start("check", SENDHOUSE_PROJECT_DIR=folder))

    assert refused.code != 0
    assert "models/segments holds" in refused.out
    assert "everybody" in refused.out
    assert "run `sendhouse check`" in refused.out
    assert checked.code == 3
    assert "models/segments/everybody.sql: no everybody.yml beside it" in checked.err
    assert "'everybody'," in (project.folder / registry.REGISTRY_FILE).read_text(encoding="utf-8")
