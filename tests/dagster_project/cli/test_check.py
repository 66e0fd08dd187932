"""The command `sendhouse check`; its findings are tested in tests/dagster_project/check."""

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


def test_findings_are_printed_as_text_and_json_and_plain_dbt_fails_too(
    home: Home, project: ProjectCopy
):
    folder = str(project.folder)
    with project.edited(TYPO):
        as_text = finish(home.start("check", SENDHOUSE_PROJECT_DIR=folder))
        as_json = finish(home.start("check", "--json", SENDHOUSE_PROJECT_DIR=folder))
        dbt = finish(home.start_dbt("parse", "--project-dir", folder, "--profiles-dir", folder))

    assert (as_text.code, as_json.code, dbt.code) == (3, 3, 2)
    assert FINDING in as_text.err
    assert "> in macro" not in as_text.err
    [finding] = json.loads(as_json.out)["findings"]
    assert FINDING in finding
    assert FINDING in dbt.out


def test_plain_dbt_refuses_an_unregistered_file_and_check_registers_it(
    home: Home, project: ProjectCopy
):
    folder = str(project.folder)
    finish(home.start("init", SENDHOUSE_PROJECT_DIR=folder))
    path = project.folder / "models/segments/everything.sql"
    path.write_text("select contact_id from {{ ref('contacts') }}\n", encoding="utf-8")

    build = ["build", "-s", "everything", "--project-dir", folder, "--profiles-dir", folder]
    refused = finish(home.start_dbt(*build))
    checked = finish(home.start("check", SENDHOUSE_PROJECT_DIR=folder))

    assert refused.code != 0
    assert "models/segments holds" in refused.out
    assert "everything" in refused.out
    assert "run `sendhouse check`" in refused.out
    assert checked.code == 3
    assert "models/segments/everything.sql: the model has no description" in checked.err
    assert "'everything'," in (project.folder / registry.REGISTRY_FILE).read_text(encoding="utf-8")
