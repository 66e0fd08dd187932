"""After a correction the next tick builds what it would have built without the mistake."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dagster_project.home.source_settings import SourceSettings
from dagster_project.landing import AgainError
from dagster_project.project import dbt
from dagster_project.tick import corrections, stages
from dagster_project.tick.stages import Stage
from tests.support.home import Home, finish

if TYPE_CHECKING:
    from pathlib import Path

    from dagster_project.home.settings import Settings

NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
US = {"as": "events", "id": ["n"], "dates": ["%m/%d/%Y"], "constants": {"name": "signed_up"}}
# 2 March, which US dates read as 3 February, and 11 March, which they read as 3 November.
SIGNUPS = "n,contact_key,occurred_at\n1,a@x.example,02/03/2026\n2,b@x.example,11/03/2026\n"
ROWS = "select event_id, occurred_at::date::varchar from raw.events order by all"


def test_the_next_tick_builds_models_from_the_corrected_rows_and_keeps_decisions(tmp_path: Path):
    home = Home(tmp_path)
    _land_signups(home)
    home.land("events/other.jsonl", [_login("a@x.example"), _login("b@x.example")])
    with home.settings() as found:
        _decide(_with(found, US), NOON)
        assert home.rows(ROWS) == [
            ("1", "2026-02-03"),
            ("o-a@x.example", "2026-03-12"),
            ("o-b@x.example", "2026-03-12"),
        ]
        before = home.decided()
        right = _with(found, US | {"dates": ["%d/%m/%Y"]})
        done = corrections.correct(right, ["shop"])
        _decide(right, NOON + HOUR)
    assert (done.difference.new, done.difference.changed, done.difference.contacts) == (1, 1, 2)
    # `b` has a firing now. The firing of `a` stays as it was decided.
    firings = (
        "select contact_id, fired_at::date::varchar from decisions.trigger_firings {} order by 2"
    )
    signed_up = "where trigger = 'signed_up'"
    assert [day for _, day in home.rows(firings.format(signed_up))] == ["2026-02-03", "2026-03-11"]
    after = home.decided()
    assert all({*rows} <= {*after[name]} for name, rows in before.items())
    totals = "select first_active_at::date::varchar, events_30d from activity.contact_totals"
    assert sorted(home.rows(totals)) == [("2026-03-02", 2), ("2026-03-11", 2)]


@pytest.fixture
def landed(tmp_path: Path) -> tuple[Home, Settings]:
    """A home with one landed file, and settings with another mapping."""
    home = Home(tmp_path)
    _land_signups(home)
    with home.settings() as found:
        wrong = _with(found, US)
        stages.begin(wrong, NOON)
        stages.land(wrong)
        return home, _with(found, US | {"dates": ["%d/%m/%Y"]})


def test_a_correction_that_dies_before_its_commit_changes_nothing(
    landed: tuple[Home, Settings], monkeypatch: pytest.MonkeyPatch
):
    home, settings = landed
    before = home.landed()

    class KilledError(Exception):
        pass

    def die(*_: Any) -> None:
        raise KilledError

    for place in ("_look_again", "_empty_queue"):
        with monkeypatch.context() as patch:
            patch.setattr(corrections, place, die)
            with pytest.raises(KilledError):
                corrections.correct(settings, ["shop"])
        assert home.landed() == before
    corrections.correct(settings, ["shop"])
    assert len(home.rows(ROWS)) == 2


def test_mail_waits_for_the_tick_after_a_correction(landed: tuple[Home, Settings]):
    home, settings = landed
    home.rows("create schema delivery")
    home.rows("create table delivery.send_queue as select 's' as send_id")
    corrections.correct(settings, ["shop"], dry_run=True)
    assert home.rows("from delivery.send_queue") == [("s",)]
    corrections.correct(settings, ["shop"])
    assert home.rows("from delivery.send_queue") == []


def test_triggers_look_again_from_the_first_changed_file_on(landed: tuple[Home, Settings]):
    home, settings = landed
    home.rows(
        """insert into control.watermarks
        select unnest(['triggers.a', 'triggers.b.looking', 'triggers.new', 'scored']), now(), 7"""
    )
    home.rows("update control.watermarks set file_no = 0 where model = 'triggers.new'")
    corrections.correct(settings, ["shop"])
    assert home.rows("select model, file_no from control.watermarks order by all") == [
        ("scored", 7),
        ("triggers.a", 0),
        ("triggers.b.looking", 0),
        ("triggers.new", 0),
    ]


def test_a_name_that_fits_nothing_changes_nothing(landed: tuple[Home, Settings]):
    home, settings = landed
    before = home.landed()
    with pytest.raises(AgainError, match="no landed file is named 'elsewhere'"):
        corrections.correct(settings, ["shop", "elsewhere"])
    assert home.landed() == before


def test_the_commands_say_what_changes(landed: tuple[Home, Settings], tmp_path: Path):
    home, _ = landed
    config = tmp_path / "sendhouse.toml"
    config.write_text(_config(home, ["%d/%m/%Y"]), encoding="utf-8")
    environment = {"SENDHOUSE_CONFIG": str(config)}

    def run(*arguments: str):
        return finish(home.start(*arguments, **environment))

    same = tmp_path / "same.csv"
    same.write_text(SIGNUPS, encoding="utf-8")
    refused = run("land", str(same), "--as", "shop")
    assert refused.code == 4
    assert "`sendhouse land --again shop`" in refused.out
    dry = run("land", "--again", "shop", "--dry-run")
    assert (dry.code, len(home.rows(ROWS))) == (0, 1)
    assert "1 → 2 rows landed, 0 duplicate, 1 → 0 rejected" in dry.out
    assert 'dates: ["%m/%d/%Y"] → ["%d/%m/%Y"]' in dry.out
    assert "rows: 1 new, 0 gone, 1 changed; 0 contacts affected, 2 keys" in dry.out
    assert "dry run: nothing changed" in dry.out
    done = run("land", "--again", "shop", "--json")
    assert json.loads(done.out)["files"][0]["landed"] == [1, 2]
    assert len(home.rows(ROWS)) == 2
    gone = run("forget", "signups.csv")
    assert "2 → 0 rows landed" in gone.out
    assert home.rows(ROWS) == []
    for wrong in (["land"], ["land", str(same)], ["land", str(same), "--as", "shop", "--dry-run"]):
        assert run(*wrong).code == 2
    unknown = run("forget", "elsewhere.csv")
    assert (unknown.code, "no landed file is named" in unknown.err) == (1, True)


def _config(home: Home, dates: list[str]) -> str:
    with home.settings():
        from dagster_project.home.settings import config_path

        text = config_path().read_text(encoding="utf-8")
    source = f'as = "events"\nid = ["n"]\ndates = {json.dumps(dates)}\n'
    return f'{text}\n[sources.shop]\n{source}constants = {{ name = "signed_up" }}\n'


def _land_signups(home: Home) -> None:
    path = home.folder / "landing" / "shop" / "signups.csv"
    path.parent.mkdir(parents=True)
    path.write_text(SIGNUPS, encoding="utf-8")


def _login(key: str) -> dict[str, Any]:
    at = (NOON - HOUR).isoformat()
    return {"event_id": f"o-{key}", "contact_key": key, "name": "logged_in", "occurred_at": at}


def _with(settings: Settings, source: dict[str, Any]) -> Settings:
    shop = SourceSettings.model_validate(source)
    return settings.model_copy(update={"sources": settings.sources | {"shop": shop}})


def _decide(settings: Settings, as_of: datetime) -> None:
    dbt.prepare(settings)
    stages.tick(
        settings,
        as_of,
        until=Stage.DECIDE,
        select=["+contact_totals", "+trigger_firings"],
        with_tests=False,
    )
