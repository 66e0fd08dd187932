from datetime import UTC, datetime
from pathlib import Path

from dagster_project.home import warehouse

AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_warehouse_with_step_decision_id_keeps_its_decisions_under_send_id(tmp_path: Path):
    path = tmp_path / "warehouse.duckdb"
    warehouse.create(path)
    with warehouse.connect(path) as connection:
        connection.execute(
            """alter table decisions.step_decisions rename column send_id to step_decision_id;
            insert into decisions.step_decisions by name select
                's' as step_decision_id, 'e' as enrollment_id, 'q' as sequence, 'c' as contact_id,
                'p' as step, 'send' as action, $at as due_at, $at as expires_at,
                $at as decided_at, 'send' as decision, 'default' as variant, 'due' as reason;
            create schema mail;
            create view mail.decided_sends as
            select step_decision_id as send_id from decisions.step_decisions""",
            {"at": AT},
        )
    warehouse.create(path)
    warehouse.create(path)
    with warehouse.connect(path) as connection:
        found = connection.execute(
            "select send_id, enrollment_id, decided_at from decisions.step_decisions"
        ).fetchall()
    assert found == [("s", "e", AT)]
