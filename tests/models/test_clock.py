"""The only clock is one row: no model, macro or test reads the machine's time."""

from __future__ import annotations

import re

import pytest

from dagster_project.home.settings import PROJECT_DIR

_MACHINE_CLOCK = re.compile(
    r"\b(?:(?:now|today|get_current_\w+|(?!make_)\w+_timestamp)\s*\("
    r"|current_(?:date|time|timestamp|local\w+)\b|local(?:time|timestamp)\b"
    r"|run_started_at\b|modules\.datetime\.\w+\.(?:utc)?now)",
    re.IGNORECASE,
)


def test_no_model_or_macro_reads_the_machines_time():
    files = [
        path
        for folder in ("models", "dbt")
        for path in (PROJECT_DIR / folder).rglob("*")
        if path.suffix in (".sql", ".yml", ".py")
    ]
    assert len(files) > 100
    found = [
        f"{path.relative_to(PROJECT_DIR)}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if _MACHINE_CLOCK.search(line)
    ]
    assert not found


@pytest.mark.parametrize(
    "sql",
    [
        "select now()",
        "NOW ()",
        "today()",
        "current_date - 7",
        "Current_Timestamp",
        "localtimestamp",
        "get_current_timestamp()",
        "transaction_timestamp()",
        "{{ run_started_at }}",
    ],
)
def test_each_way_to_read_the_machines_time_is_found(sql: str):
    assert _MACHINE_CLOCK.search(sql)
