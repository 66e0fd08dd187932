"""Sendhouse lands all rows of the demo, except the intended errors."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings
from dagster_project.landing import create_declared_tables, land_new
from demo.company import Company
from demo.timeline import BEGIN, FIRST_DAY, midnight


def test_only_the_intended_errors_are_rejected(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    warehouse.create(settings.warehouse_path)
    company = Company()
    company.write_history(settings.landing_dir)
    with warehouse.connect(settings.warehouse_path) as connection:
        create_declared_tables(connection, settings.project_dir)
        landed = land_new(connection, settings, BEGIN)
        for number in range(8):
            day = FIRST_DAY + timedelta(days=number)
            company.write_day(settings.landing_dir, day)
            landed += land_new(connection, settings, midnight(day + timedelta(days=1)))
        rejects = connection.execute(
            "select f.kind, r.reason from raw.rejects r join raw.files f using (file_id)"
        ).fetchall()
        (people,) = connection.execute(
            "select count(distinct contact_id) from raw.standard__contacts"
        ).fetchone()
        (late,) = connection.execute(
            "select count(*) from raw.events where received_at < occurred_at"
        ).fetchone()
    assert not [file for file in landed if file.error]
    reasons = Counter((kind, reason.partition(": ")[0]) for kind, reason in rejects)
    assert reasons["northwind_contacts", "created_at is not a time"] == 4
    assert reasons["northwind_contacts", "the number of values differs from the header"] == 4
    assert reasons["events", "not a JSON object"] >= 1
    assert {kind for kind, _ in rejects} == {
        "northwind_contacts",
        "events",
    }
    assert sum(file.rows_duplicate for file in landed) > 5
    assert people > 2500
    assert late == 0
