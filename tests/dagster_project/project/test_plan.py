"""A plan refuses the parts of dbt that a tick would leave out without a word."""

from __future__ import annotations

from typing import Any

import pytest

from dagster_project.project.plan import make_plan


def _manifest(**entry: Any) -> dict[str, Any]:
    found = {
        "resource_type": "model",
        "original_file_path": "models/shop/days.sql",
        "config": {"materialized": "table"},
        **entry,
    }
    return {"nodes": {"model.shop.days": found}, "macros": {}, "sources": {}}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"resource_type": "seed"}, "builds no seeds"),
        ({"resource_type": "snapshot"}, "builds no snapshots"),
        ({"config": {"materialized": "ephemeral"}}, "'ephemeral' is unknown"),
        ({"config": {"materialized": "external"}}, "available: table, view, incremental"),
        ({"config": {"materialized": "table", "pre-hook": [{"sql": "x"}]}}, "no pre_hook"),
    ],
)
def test_what_a_tick_does_not_run_is_refused_with_its_file(entry: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message) as refused:
        make_plan(_manifest(**entry), "")
    assert str(refused.value).startswith("models/shop/days.sql: ")
