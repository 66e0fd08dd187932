from datetime import UTC, datetime
from pathlib import Path

from dagster_project.home import warehouse

AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_warehouse_with_step_decision_id_keeps_its_decisions_under_send_id(tmp_path: Path):
    path = tmp_path / "warehouse.duckdb"
    warehouse.create(path)
    with warehouse.connect(path) as connection:
        connection.execute(
            f"""alter table decisions.step_decisions rename column send_id to step_decision_id;
            insert into decisions.step_decisions values (
                's', 'e', 'q', 'c', 'p', 'send', null, '{AT}', '{AT}', '{AT}', 'send', 'default',
                'due'
            );
            create schema mail;
            create view mail.decided_sends as
            select step_decision_id as send_id from decisions.step_decisions"""
        )
    warehouse.create(path)
    warehouse.create(path)
    with warehouse.connect(path) as connection:
        found = connection.execute(
            "select send_id, enrollment_id, epoch(decided_at) from decisions.step_decisions"
        ).fetchall()
    assert found == [("s", "e", AT.timestamp())]
