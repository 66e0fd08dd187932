"""The command `sendhouse check`; its findings are tested in tests/dagster_project/check."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dagster_project.project import registry
from tests.support.home import Home, finish

if TYPE_CHECKING:
    from tests.support.project_copy import ProjectCopy

SEQUENCE = "models/sequences/b2b/activation.sql"
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


def test_plain_dbt_knows_a_new_file_without_a_sendhouse_command(home: Home, project: ProjectCopy):
    """SQL or Python, in a project without a registry, as it is after a clone or a merge."""
    folder = str(project.folder)
    finish(home.start("init", SENDHOUSE_PROJECT_DIR=folder))
    (project.folder / registry.REGISTRY_FILE).unlink()
    segments = project.folder / "models/segments"
    (segments / "everything.sql").write_text("select '1' as contact_id\n", encoding="utf-8")
    (segments / "also.py").write_text(
        "def model(dbt, session):\n    return session.sql(\"select '1' as contact_id\")\n",
        encoding="utf-8",
    )

    options = ["--project-dir", folder, "--profiles-dir", folder]
    built = finish(home.start_dbt("build", "-s", "everything", "also", *options))
    checked = finish(home.start("check", SENDHOUSE_PROJECT_DIR=folder))

    assert built.code == 0, built.out
    assert home.rows("select count(*) from segments.also") == [(1,)]
    assert checked.code == 3
    for name in ("everything.sql", "also.py"):
        assert f"models/segments/{name}: the model has no description" in checked.err
    listed = (project.folder / registry.REGISTRY_FILE).read_text(encoding="utf-8")
    assert "'everything'," in listed
    assert "'also'," in listed
