"""Trailing windows over a real grocer's customers, checked day by day."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest

from dagster_project.home.settings import load_settings
from dagster_project.project import dbt
from dagster_project.replay import snapshot
from dagster_project.replay.plan import make_plan
from dagster_project.replay.run import build_models, end_of
from dagster_project.replay.scratch_warehouse import open_scratch
from dagster_project.tick import stages
from dagster_project.tick.stages import Stage
from tests.models.test_retail import RETAIL, SETTINGS
from tests.support.project_copy import ProjectCopy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST, LAST = date(2017, 3, 21), date(2017, 4, 1)
"""The days span the end of a month; some contacts come back, other contacts stay away."""

# The rule of each segment for its members at the end of a day, in terms of the file alone. Windows
# are whole UTC days and include the day that ends.
PLAIN = {
    "lapsed_buyers": "max(occurred_at) < $now - interval 30 day",
    "silent": "max(occurred_at) < $now - interval 60 day",
    "regulars": "count(*) filter (occurred_at::date > $now::date - 30) >= 6",
    "spenders": "sum(amount::decimal(18, 4)) filter (occurred_at::date > $now::date - 90) >= 500",
    "slackers": """
        count(*) filter (occurred_at::date > $now::date - 30)
        < 0.5 * count(*) filter (
            occurred_at::date > $now::date - 60 and occurred_at::date <= $now::date - 30)
    """,
}
# The segments that the gallery does not have.
OWN = {
    "regulars": "purchases_30d >= 6",
    "spenders": "revenue_90d >= 500",
    "slackers": "events_trend_30d < 0.5",
}


def _project(folder: Path) -> Path:
    project = ProjectCopy(folder)
    silent = (folder / "models/segments/b2b/silent.yml").read_text(encoding="utf-8")
    for name, rule in OWN.items():
        path = folder / "models/segments" / f"{name}.sql"
        features = "{{ ref('contact_features') }}"
        path.write_text(f"select contact_id from {features} where {rule}\n", encoding="utf-8")
        described = silent.partition("unit_tests:")[0].replace("silent", name)
        path.with_suffix(".yml").write_text(described, encoding="utf-8")
    return project.folder


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    if not RETAIL.is_dir():
        pytest.skip("the real data sets are missing (../shared/data/retail)")
    config = tmp_path / "shop.toml"
    config.write_text(SETTINGS.format(retail=RETAIL), encoding="utf-8")
    monkeypatch.setenv("SENDHOUSE_CONFIG", str(config))
    monkeypatch.setenv("SENDHOUSE_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.mark.shared_data
def test_entries_minus_exits_equal_the_members_and_a_plain_query_on_each_day(shop: Path):
    settings = load_settings(home=shop / "home", project_dir=_project(shop / "project"))
    now = datetime(2018, 1, 2, tzinfo=UTC)
    stages.tick(settings, now, until=Stage.LAND)
    plan = make_plan(dbt.manifest(settings), [*PLAIN, "went_silent"])
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    moved: Counter[str] = Counter()
    with (
        snapshot.take(settings, "a test") as live,
        open_scratch(settings, live, plan, shop / "result.duckdb", since=end_of(FIRST)) as scratch,
        duckdb.connect() as files,
    ):
        files.execute("set timezone = 'UTC'")
        for day in days:
            scratch.set_clock(end_of(day))
            build_models(settings, scratch)
            for segment, rule in PLAIN.items():
                plain = files.execute(
                    f"""select contact_id from '{RETAIL}/purchases.parquet'
                    where occurred_at <= $now group by contact_id having {rule}""",
                    {"now": end_of(day)},
                ).fetchall()
                changes = scratch.connection.execute(
                    """select contact_id, sum(case change when 'entered' then 1 else -1 end)
                    from decisions.segment_changes where segment = $segment group by contact_id""",
                    {"segment": segment},
                ).fetchall()
                members = scratch.connection.execute(
                    f"select contact_id from segments.{segment}"
                ).fetchall()
                assert {balance for _, balance in changes} <= {0, 1}
                inside = {contact for contact, balance in changes if balance == 1}
                moved[segment] += sum(balance == 0 for _, balance in changes)
                assert inside == {contact for (contact,) in members}, (day, segment)
                assert inside == {contact for (contact,) in plain}, (day, segment)
    assert set(moved) == {*PLAIN}
    assert min(moved.values()) > 0  # contacts have left each segment
