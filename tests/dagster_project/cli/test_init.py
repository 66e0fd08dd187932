"""`sendhouse init`: a new installation is empty, and an example runs only where it was chosen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dagster_project.home.settings import load_settings
from tests.support.home import Home, finish

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = {"sequences": [], "broadcasts": [], "triggers": []}
NEW = {"SENDHOUSE_EXAMPLE": ""}


def test_a_new_installation_has_nothing_live_and_a_tick_sends_nothing(tmp_path: Path):
    home = Home(tmp_path / "home", **NEW)
    begun = finish(home.start("init", "--json"))
    assert begun.report["live"] == NOTHING
    # A contact for which the example would send its welcome.
    home.land(
        "events/signed-up.jsonl",
        [
            {
                "contact_key": "ada@example.com",
                "name": "signed_up",
                "occurred_at": "2026-03-01T08:00:00Z",
                "properties": {"marketing_consent": True},
            }
        ],
    )
    report = home.live(datetime(2026, 3, 1, 9, tzinfo=UTC))
    assert report.landed["rows"] == 1
    assert not any(report.decided.values())
    assert report.dispatched["sent"] == 0
    assert home.rows("select count(*) from contacts.contacts") == [(1,)]
    # The variable of a shell that works on the demo changes nothing here.
    asked = finish(home.start("init", SENDHOUSE_EXAMPLE="b2b"))
    assert "live sequences: none" in asked.out
    refused = finish(home.start_dbt("run", "-s", "contacts", SENDHOUSE_EXAMPLE="b2b"))
    assert refused.code != 0
    assert "runs no example: first `unset SENDHOUSE_EXAMPLE`" in refused.out


def test_an_example_is_chosen_listed_kept_and_left(tmp_path: Path):
    home = Home(tmp_path / "home", **NEW)
    chosen = finish(home.start("init", "--example", "b2b", "--json")).report
    assert chosen["example"] == "b2b"
    assert chosen["live"]["sequences"] == ["activation", "reengagement"]
    assert chosen["live"]["broadcasts"] == ["spring_release"]
    assert "signed_up" in chosen["live"]["triggers"]
    kept = finish(home.start("init", "--json")).report
    assert kept == chosen
    refused = finish(home.start_dbt("run", "-s", "contacts"))
    assert "first `export SENDHOUSE_EXAMPLE=b2b`" in refused.out
    left = finish(home.start("init", "--example", "none", "--json")).report
    assert (left["example"], left["live"]) == ("", NOTHING)
    wrong = finish(home.start("init", "--example", "shop"))
    assert wrong.code == 2


def test_an_installation_of_an_earlier_version_runs_the_example_only_if_it_is_a_demo(
    tmp_path: Path,
):
    (tmp_path / "warehouse.duckdb").touch()
    settings = load_settings(home=tmp_path, example="b2b")
    assert settings.live_example == ""
    (tmp_path / "demo").touch()
    assert settings.live_example == "b2b"
    assert load_settings(home=tmp_path / "new", example="b2b").live_example == "b2b"


def test_init_closes_a_home_that_others_can_read_and_says_so(tmp_path: Path):
    home = Home(tmp_path / "home", **NEW)
    (home.folder / "outbox").mkdir(parents=True)
    (home.folder / "outbox" / "old.eml").write_text("personal data", encoding="utf-8")
    for path in (home.folder, home.folder / "outbox", home.folder / "outbox" / "old.eml"):
        path.chmod(0o755)

    done = finish(home.start("init"))

    assert done.code == 0
    assert "changed the permissions of " in done.err
    modes = {path: path.stat().st_mode & 0o077 for path in home.folder.rglob("*")}
    assert [path for path, mode in modes.items() if mode] == []
