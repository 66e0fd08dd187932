"""Build orders that no SQL shows: a model waits for another model and does not read it.

Each pair is a `-- depends_on:` comment at the top of the waiting model. A pair that the manifest
lacks fails; so does a comment that this file lacks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from dagster_project.home.settings import PROJECT_DIR, load_settings
from dagster_project.project import dbt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_READ_LATER = (
    "an incremental run reads the model; dbt must know the model when it parses a full run"
)
# (before, after): why.
ORDER = {
    ("gate_stops", "send_queue"): "each stop is on record before a send leaves",
    ("send_queue", "files_seen"): "a file counts as seen only if the queue was built from it",
    ("trigger_rearms", "trigger_firings"): (
        "a build of the firings rearms thresholds too; without it a threshold fires only once"
    ),
    ("enrollment_refusals", "enrollment_starts"): (
        "a firing refused because of a start in this tick keeps this reason after a crash"
    ),
    ("enrollment_starts", "step_decisions"): "a decided step belongs to a run on record",
    ("step_decisions", "enrollment_exits"): (
        "a run with an exit on record has all of its steps on record"
    ),
    ("contact_merges", "key_contacts"): _READ_LATER,
    ("contact_merges", "contacts"): _READ_LATER,
    ("contact_aliases", "contacts"): _READ_LATER,
    ("stg_events", "contact_totals"): _READ_LATER,
    ("stg_events", "address_cells"): _READ_LATER,
    ("event_sightings", "address_cells"): _READ_LATER,
}
_COMMENT = re.compile(r"^-- depends_on: (.*)$", re.MULTILINE)
_REF = re.compile(r"ref\('(\w+)'\)")


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, Any]]:
    settings = load_settings(home=tmp_path_factory.mktemp("order"))
    return {
        node["name"]: node
        for node in dbt.manifest(settings)["nodes"].values()
        if node["resource_type"] == "model"
    }


@pytest.mark.parametrize(("before", "after"), ORDER)
def test_a_model_waits_for_the_model_before_it(nodes, before, after):
    assert nodes[before]["unique_id"] in nodes[after]["depends_on"]["nodes"], ORDER[before, after]


def test_every_depends_on_comment_has_a_reason():
    written = {
        (before, path.stem)
        for path in (PROJECT_DIR / "models").rglob("*.sql")
        for comment in _COMMENT.findall(path.read_text(encoding="utf-8"))
        for before in _REF.findall(comment)
    }
    assert written == set(ORDER)
