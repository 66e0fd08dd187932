from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.home import Home, finish

if TYPE_CHECKING:
    from tests.support.project_copy import ProjectCopy

FILES = {
    "segment": ["models/segments/my_segment.sql", "models/segments/my_segment.yml"],
    "score": ["models/scores/my_score.sql", "models/scores/my_score.yml"],
    "trigger": ["models/triggers/my_trigger.sql", "models/triggers/my_trigger.yml"],
    "sequence": [
        "models/sequences/my_sequence.sql",
        "models/sequences/my_sequence.yml",
        "models/triggers/my_sequence_starts.sql",
        "models/triggers/my_sequence_starts.yml",
        "models/segments/my_sequence_audience.sql",
        "models/segments/my_sequence_audience.yml",
        "templates/my_sequence/welcome.mjml",
    ],
}


def test_new_files_pass_check_and_their_own_tests(waiting: Home, project: ProjectCopy):
    here = {"SENDHOUSE_PROJECT_DIR": str(project.folder)}
    for kind, files in FILES.items():
        new = finish(waiting.start("new", kind, f"my_{kind}", **here))
        assert new.code == 0, new.err
        assert new.out.splitlines()[:-1] == files
        assert all((project.folder / file).is_file() for file in files)

    checked = finish(waiting.start("check", "--json", **here))
    assert json.loads(checked.out) == {"findings": []}
    assert checked.code == 0
    # Plain dbt, as run by an analyst, on the tables of the test company.
    folder = str(project.folder)
    names = sorted({Path(file).stem for files in FILES.values() for file in files} - {"welcome"})
    built = finish(
        waiting.start_dbt("build", "--project-dir", folder, "--profiles-dir", folder, "-s", *names)
    )
    assert built.code == 0, built.out
    assert "ERROR=0" in built.out
    assert "my_segment_begins_at_ten" in built.out
    assert "my_score_counts_a_persons_click" in built.out
    assert "my_trigger_fires_only_for_its_event" in built.out


@pytest.mark.parametrize(
    ("kind", "name", "reason"),
    [
        ("segment", "silent", "models/segments/b2b/silent.sql"),
        ("trigger", "silent", "models/segments/b2b/silent.sql"),
        ("segment", "Bad-Name", "lowercase letters"),
        ("poem", "ode", "'segment', 'score', 'trigger', 'sequence'"),
    ],
)
def test_a_taken_or_invalid_name_is_wrong_usage(
    home: Home, project: ProjectCopy, kind: str, name: str, reason: str
):
    refused = finish(home.start("new", kind, name, SENDHOUSE_PROJECT_DIR=str(project.folder)))

    assert refused.code == 2
    assert reason in " ".join(refused.err.split()).replace(" │ │ ", " ")
