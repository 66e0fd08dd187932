"""Ticks as real processes: a tick without new files, and ticks that fail."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from dagster_project.home.settings import PROJECT_DIR
from tests.support.small_company import SECOND

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Undisturbed
    from tests.support.home import Finished, Home


def test_the_undisturbed_tick_makes_every_kind_of_decision(undisturbed: Undisturbed):
    """The other tests compare tables with this tick, so the tables must not be empty."""
    # No value falls to its rearm level here; test_triggers covers rearms.
    empty = {name for name, rows in undisturbed.decided.items() if not rows}
    assert empty == {"decisions.trigger_rearms"}
    assert all(undisturbed.report["decided"].values())
    assert {"consent", "exit", "suppression"} & set(undisturbed.report["stopped"])
    assert undisturbed.report["landed"]["files"] == 3
    assert undisturbed.report["landed"]["rejected"] == 1


@pytest.mark.parametrize("later", [timedelta(0), timedelta(minutes=1)])
def test_a_tick_with_nothing_new_decides_and_sends_nothing(
    settled: Home, undisturbed: Undisturbed, later: timedelta
):
    report = settled.tick(SECOND + later).report
    assert not any(report["landed"].values())
    assert not any(report["decided"].values())
    assert not any(report["dispatched"].values())
    assert not report["stopped"]
    assert settled.decided() == undisturbed.decided
    assert settled.mail() == undisturbed.mail


def test_a_model_that_fails_stops_the_dispatch_until_its_cause_is_gone(
    waiting: Home, undisturbed: Undisturbed, tmp_path: Path
):
    mail = waiting.mail()
    settings = (PROJECT_DIR / "sendhouse.toml").read_text(encoding="utf-8")
    incomplete = tmp_path / "sendhouse.toml"
    incomplete.write_text(settings.replace("silence_days = 90", ""), encoding="utf-8")
    _failed(
        waiting.tick_command(SECOND, SENDHOUSE_CONFIG=str(incomplete)),
        "model.sendhouse.silent",
        "missing parameter 'silence_days'",
    )
    assert waiting.mail() == mail
    assert waiting.tick(SECOND).report["errors"] == []
    assert waiting.mail() == undisturbed.mail
    assert waiting.decided() == undisturbed.decided


def test_a_test_that_fails_stops_the_dispatch_until_its_cause_is_gone(
    waiting: Home, undisturbed: Undisturbed
):
    mail = waiting.mail()
    waiting.rows(
        "insert into decisions.segment_changes from decisions.segment_changes "
        "order by change_id limit 1"
    )
    _failed(waiting.tick_command(SECOND), "segment_changes_change_id")
    assert waiting.mail() == mail
    waiting.rows(
        "delete from decisions.segment_changes where rowid in ("
        "select max(rowid) from decisions.segment_changes group by change_id having count(*) > 1)"
    )
    assert waiting.tick(SECOND).report["errors"] == []
    assert waiting.mail() == undisturbed.mail
    assert waiting.decided() == undisturbed.decided


def _failed(tick: Finished, *words: str) -> None:
    assert tick.code == 1, (tick.code, tick.err)
    missing = [word for word in words if word not in tick.err]
    assert not missing, f"{missing} missing in:{os.linesep}{tick.err}"
