from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_project.audit.crm.segment_features import segment_features
from dagster_project.home import warehouse

if TYPE_CHECKING:
    from pathlib import Path


def test_a_sparse_crm_feature_is_a_problem_and_a_sparse_activity_feature_is_not(tmp_path: Path):
    with warehouse.connect(tmp_path / "w.duckdb") as connection:
        connection.execute("create schema contacts; create schema segments")
        connection.execute("create table contacts.contacts (contact_id int, job_title text)")
        connection.execute(
            """create table contacts.contact_features as
               from (values
                   (1, 'CEO', null, null, 0, 0), (2, null, null, 3, 0, 1),
                   (3, null, null, null, 0, 0)
               ) as t (contact_id, job_title, country, last_active_at, purchases, opens)"""
        )
        connection.execute("create table segments.bosses as select 1 as contact_id")
        code = """
            select contact_id from f
            where job_title = 'CEO' and last_active_at > 2 or country and purchases < opens
        """
        features = segment_features(connection, {"nodes": {"bosses": _segment("bosses", code)}})
    found = {row.feature: (row.origin, row.filled, row.problem) for row in features}
    assert found == {
        "country": ("activity", 0, "no contact has this activity"),
        "job_title": ("crm", 1, "67% of the contacts cannot be judged"),
        "last_active_at": ("activity", 1, None),
        # A count of zero for every contact is as missing as a null.
        "purchases": ("activity", 0, "no contact has this activity"),
        "opens": ("activity", 1, None),
    }
    assert {(row.segment, row.kind, row.members, row.contacts) for row in features} == {
        ("bosses", "demographic", 1, 3)
    }


def _segment(name: str, code: str) -> dict[str, Any]:
    return {
        "resource_type": "model", "name": name, "alias": name, "schema": "segments",
        "fqn": ["sendhouse", "segments", name], "raw_code": code,
        "config": {"meta": {"kind": "demographic"}},
        "depends_on": {"nodes": ["model.sendhouse.contact_features"]},
    }  # fmt: skip
