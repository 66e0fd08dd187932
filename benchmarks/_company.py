"""The demo's company: its CRM and 230 days of events, landed once and decided once."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from benchmarks._measure import Scale, call

AS_OF = "2026-04-01T00:00Z"
"""The clock at the end of the demo's month."""


def make(scratch: Path, scale: Scale) -> Path:
    """Give a benchmark its own installation: a copy of one that is built once."""
    made = scratch.parent / "company"
    if not made.exists():
        call(build, home=made, days=scale.of(230, 5))
    return Path(shutil.copytree(made, scratch / "home"))


def build(home: str, days: int) -> dict[str, float]:
    """Land the company's last `days` days and build the models."""
    from datetime import datetime, timedelta

    from dagster_project.home import warehouse
    from dagster_project.home.settings import load_settings
    from dagster_project.tick import stages
    from dagster_project.tick.stages import Stage
    from demo.company import Company
    from demo.timeline import BEGIN

    started = time.perf_counter()
    settings = load_settings(home=Path(home))
    now = datetime.fromisoformat(AS_OF)
    company = Company()
    company.write_history(settings.landing_dir)
    company.write_between(settings.landing_dir, BEGIN, now)
    stages.tick(settings, now, until=Stage.LAND)
    with warehouse.connect(settings.warehouse_path) as connection:
        since = {"since": now - timedelta(days=days)}
        connection.execute("delete from raw.events where occurred_at < $since", since)
    stages.tick(settings, now, until=Stage.DECIDE, with_tests=False)
    return {"seconds": time.perf_counter() - started}
