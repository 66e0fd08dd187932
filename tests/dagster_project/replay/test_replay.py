"""A replay gives the recorded results, changes nothing in the live warehouse, and cannot send."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg
import duckdb
import pytest

from dagster_project.home import dagster_home
from dagster_project.home.settings import PROJECT_DIR
from dagster_project.home.warehouse import ClockError
from dagster_project.project import dbt, registry
from dagster_project.replay import ReplayError, make_plan, replay, take
from dagster_project.replay.backfill import backfill
from dagster_project.replay.run import end_of
from dagster_project.tick import stages
from dagster_project.tick.stages import Stage
from tests.support import small_company
from tests.support.home import Home, finish

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.home import Rows

DAY = timedelta(days=1)
FIRST = date(2026, 3, 17)
DAYS = [FIRST + number * DAY for number in range(7)]
# A contact without activity, until a login of the second day arrives on the sixth day.
LATE = small_company.address(7)


@dataclass(frozen=True)
class Lived:
    """A company with one tick at the end of each day, and a replay of these days."""

    home: Home
    replayed: Path
    hash_before: str
    hash_after: str


@pytest.fixture(scope="module")
def lived(place: Path, undisturbed: Any, tmp_path_factory: pytest.TempPathFactory) -> Lived:
    from tests.conftest import put_back

    home = put_back(undisturbed.folder, place)
    dice = random.Random(4)
    with home.settings() as settings:
        for number, day in enumerate(DAYS):
            home.land(f"events/day-{number}.jsonl", _news(dice, number, day))
            if number == 0:
                home.land("events/dates.jsonl", _dated_usage(dice))
            if number == 3:
                home.land("crm/standard/contacts/more.jsonl", _corrections())
            as_of = end_of(day)
            stages.tick(settings, as_of, until=Stage.LAND)
            # The last tick also fills the send queue, which is not dispatched.
            select = [] if day == DAYS[-1] else ["+segment_changes", "+score_totals"]
            dbt.raise_for(dbt.build(settings, select, with_tests=False))
        stages.begin(settings, end_of(DAYS[-1]) + timedelta(microseconds=1))  # the day is over
        before = _hash(settings.warehouse_path)
        result = tmp_path_factory.mktemp("replayed") / "replayed.duckdb"
        with take(settings, "a test") as live:
            replay(settings, live, make_plan(dbt.manifest(settings)), DAYS, result)
        return Lived(home, result, before, _hash(settings.warehouse_path))


def test_replayed_membership_equals_recorded_membership(lived: Lived):
    segments = registry.names(PROJECT_DIR, "b2b")["segments"]
    every = [(segment, day) for segment in segments for day in DAYS]
    pairs = random.Random(50).sample(every, min(50, len(every)))
    found = [(segment, day, _replayed(lived, segment, day)) for segment, day in pairs]
    assert found == [(segment, day, _recorded(lived.home, segment, day)) for segment, day in pairs]
    assert sum(map(len, (members for *_, members in found))) > 500
    # Constant segments would prove little: at least three segments change.
    sizes = {name: {len(_recorded(lived.home, name, day)) for day in DAYS} for name in segments}
    assert sum(len(of) > 2 for of in sizes.values()) >= 3


def test_dates_count_on_their_own_day_and_a_window_of_30_days_has_30_days(lived: Lived):
    """Facts with dates only are instants at midnight. Plain SQL over dates says who is a member."""
    found: dict[date, set[str]] = {}
    for day in DAYS:
        plain = lived.home.rows(
            f"""select contact_key from raw.events
            where name = 'feature_used' and occurred_at::date <= '{day}'
                and occurred_at::date > '{day}'::date - 30
            group by contact_key having count(*) >= 10"""
        )
        members = _rows(
            lived.replayed,
            f"""select key from segments.membership_daily
            inner join live.contacts.contact_identities using (contact_id)
            where segment = 'power_user' and day = '{day}' and key_kind = 'email'""",
            live=lived.home.folder / "warehouse.duckdb",
        )
        found[day] = {key for (key,) in members}
        assert found[day] == {key for (key,) in plain}, day
    assert len({len(members) for members in found.values()}) > 3


def test_replayed_scores_of_the_last_day_equal_the_scores_of_its_tick(lived: Lived):
    query = "select score, contact_id, points from {} where {} order by all"
    replayed = _rows(lived.replayed, query.format("scores.daily", f"day = '{DAYS[-1]}'"))
    assert replayed
    assert replayed == lived.home.rows(query.format("scores.totals", "true"))


def test_a_late_event_does_not_change_the_days_before_its_receipt(lived: Lived):
    silent = [day for day in DAYS if "p007" in _replayed(lived, "silent", day)]
    assert silent == DAYS[:5]
    [(occurred,)] = lived.home.rows(
        "select occurred_at::date from raw.events where event_id = 'late'"
    )
    assert occurred == DAYS[1]


def test_a_replay_changes_no_byte_of_the_warehouse_and_leaves_no_files(lived: Lived):
    assert lived.hash_before == lived.hash_after
    assert not list((lived.home.folder / "replay").glob("**/*.duckdb"))


def test_a_changed_parameter_reports_the_contacts_that_differ(lived: Lived, tmp_path: Path):
    into = tmp_path / "what-if.duckdb"
    first, last = str(DAYS[-2]), str(DAYS[-1])
    options = ["--from", first, "--to", last, "--into", str(into), "--json"]
    options += ["--only", "silent", "--only", "went_silent", "--only", "activated"]
    done = finish(lived.home.start("replay", *options, "--set", "silence_days=6"))

    report = done.report
    # Contacts whose last activity is six to ninety days before either day.
    quiet = _quiet(lived.home, DAYS[-2:], least=6) - _quiet(lived.home, DAYS[-2:], least=90)
    assert quiet
    differ = {(row["kind"], row["name"]): (row["gains"], row["losses"]) for row in report["differ"]}
    assert differ["segments", "silent"] == (len(quiet), 0)
    assert ("segments", "activated") not in differ
    rows = _rows(into, "select distinct contact_id from what_if.membership where change = 'enters'")
    assert {contact for (contact,) in rows} == quiet
    # The parameter changes when the first day begins, and the affected contacts fire then.
    fired = _rows(
        into,
        "select contact_id, changed_decided_at from what_if.firings where decided_at is null",
    )
    assert {contact for contact, _ in fired} == quiet
    assert {at for _, at in fired} == {end_of(day) for day in DAYS[-2:]}
    assert differ["triggers", "went_silent"] == (len(quiet), 0)
    again = finish(lived.home.start("replay", *options, COLUMNS="400"))
    assert (again.code, "exists already" in again.err) == (2, True)


def test_an_empty_segment_is_reported_and_a_firing_on_another_day_counts_as_moved(
    lived: Lived, tmp_path: Path
):
    into = tmp_path / "what-if.duckdb"
    options = ["--from", str(DAYS[1]), "--to", str(DAYS[-1]), "--into", str(into), "--json"]
    options += ["--only", "it_services_midsize", "--only", "went_silent", "--only", "birthday"]
    report = finish(
        lived.home.start(
            "replay",
            *options,
            *("--set", "silence_days=9"),
            SENDHOUSE_PARAMETERS__SILENCE_DAYS="10",
        )
    ).report

    assert report["daily"] == [
        {"kind": "segments", "name": "it_services_midsize", "first_day": 0, "last_day": 0}
    ]
    fired = {row["trigger"]: row["firings"] for row in report["fired"]}
    assert fired["birthday"] == 0
    with duckdb.connect(str(into), read_only=True) as connection:
        both = connection.execute(
            """select count(distinct contact_id) filter (where decided_at is not null),
                count(distinct contact_id) filter (where changed_decided_at is not null),
                count(distinct contact_id) from what_if.firings"""
        ).fetchone()
    assert both is not None
    usual, changed, either = both
    [row] = [row for row in report["differ"] if row["kind"] == "triggers"]
    moves = usual + changed - either
    assert moves > 10  # contacts that signed up on the 10th without later activity
    assert (row["gains"], row["losses"], row["moves"]) == (
        changed - moves,
        usual - moves,
        moves,
    )


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (["--set", "silence=3"], "unknown parameter 'silence'; known parameters:"),
        (["--set", "silence_days=few"], "'few' is not a number"),
        (["--from", "2026-03-20"], "--to 2026-03-18 is before --from 2026-03-20"),
        (["--from", "March"], "invalid day (example: 2026-03-01)"),
        (["--set", "silence_days=nan"], "'nan' is not a number"),
        (["--into", "nowhere/x.duckdb"], "the folder nowhere does not exist"),
        ([], "no warehouse yet: run `sendhouse tick` first"),
    ],
)
def test_an_invalid_option_is_wrong_usage_and_the_message_names_the_remedy(
    problem: list[str], message: str, tmp_path: Path
):
    home = Home(tmp_path / "home")
    options = ["--from", "2026-03-18", "--to", "2026-03-18", "--into", str(tmp_path / "x.duckdb")]
    done = finish(home.start("replay", *options, *problem, COLUMNS="200"))
    assert done.code == 2
    assert message in done.err


def test_a_day_that_has_not_ended_and_an_unknown_name_are_refused(lived: Lived, tmp_path: Path):
    with lived.home.settings() as settings:
        manifest = dbt.manifest(settings)
        live, result = settings.warehouse_path, tmp_path / "x.duckdb"
        with pytest.raises(ClockError, match=r"2026-03-24 has not ended .* is 2026-03-23"):
            replay(settings, live, make_plan(manifest), [DAYS[-1] + DAY], result)
        with pytest.raises(ReplayError, match=r"unknown name 'silnt'; known names: segments: a"):
            make_plan(manifest, ["silnt"])


def test_a_backfill_in_dagster_fills_its_days_and_cannot_send(lived: Lived):
    home = lived.home
    from dagster_project.defs.backfill.assets import MEMBERSHIP, SCORES

    with home.settings() as settings:
        assert home.queue().keys() - {send_id for send_id, *_ in home.tries()}
        before = _all_that_sends(home)
        dagster_home.prepare(settings)
        from dagster_project.definitions import defs

        job = defs.resolve_implicit_global_asset_job_def()
        with dg.DagsterInstance.ephemeral() as instance:
            done = job.execute_in_process(
                instance=instance,
                asset_selection=[MEMBERSHIP, SCORES],
                tags={
                    "dagster/asset_partition_range_start": str(DAYS[0]),
                    "dagster/asset_partition_range_end": str(DAYS[2]),
                },
                run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
            )
            assert done.success
            assert len(instance.get_materialized_partitions(MEMBERSHIP)) == 3
    assert _all_that_sends(home) == before
    for table in ("segments.membership_daily", "scores.daily"):
        query = f"from {table} where day <= '{DAYS[2]}' order by all"
        assert home.rows(query) == _rows(lived.replayed, query) != []
        path = home.folder / "serving" / f"{table}.parquet"
        assert duckdb.execute(f"from '{path}' order by all").fetchall() == home.rows(query)


class Deadly(list[date]):
    """Days whose second iteration kills the process on the third day."""

    passes = 0

    def __iter__(self):
        self.passes += 1
        for number, day in enumerate(super().__iter__()):
            if (self.passes, number) == (2, 2):
                os.kill(os.getpid(), signal.SIGKILL)
            yield day


def test_a_killed_backfill_gives_the_same_rows_when_repeated(lived: Lived):
    home = lived.home
    home.rows("delete from segments.membership_daily")
    days = [day.isoformat() for day in DAYS[-4:]]
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, json.dumps(days)],
        cwd=PROJECT_DIR,
        env=os.environ | home.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    written = "select distinct day from segments.membership_daily order by all"
    assert home.rows(written) == [(day,) for day in DAYS[-4:-2]]
    with home.settings() as settings:
        plan = make_plan(dbt.manifest(settings), ["silent", "activated"])
        codes: list[int] = []
        # Another process writes to the warehouse on each day: a backfill does not stop the mail.
        backfill(
            settings,
            plan,
            DAYS[-4:],
            on_day=lambda _: codes.append(finish(home.start("init")).code),
        )
        assert codes == [0, 0, 0, 0]
    query = (
        f"from segments.membership_daily where day >= '{DAYS[-4]}' "
        "and segment in ('silent', 'activated') order by all"
    )
    assert home.rows(query) == _rows(lived.replayed, query) != []
    assert not (home.folder / "replay").exists()


_KILLED = """
import json, sys
from datetime import date
from dagster_project.project import dbt
from dagster_project.replay import make_plan
from dagster_project.replay.backfill import backfill
from dagster_project.home.settings import load_settings
from tests.dagster_project.replay.test_replay import Deadly

settings = load_settings()
plan = make_plan(dbt.manifest(settings), ["silent", "activated"])
backfill(settings, plan, Deadly(map(date.fromisoformat, json.loads(sys.argv[1]))))
"""


def _news(dice: random.Random, number: int, day: date) -> list[dict[str, Any]]:
    """The events of one day, with random contacts."""
    noon = datetime.combine(day, time(12), UTC)
    names = ("logged_in", "activated", "purchase_completed", "demo_booked", "form_submitted")
    events = [
        _event(f"{name}-{number}-{contact}", f"p{contact:03}", name, noon, amount=number + 1)
        for name in names
        for contact in dice.sample(range(1, 121), 3)
        if contact != 7
    ]
    events.append(_event(f"new-{number}", f"newcomer.{number}@example.net", "signed_up", noon))
    if number == 5:
        login = datetime.combine(DAYS[1], time(12), UTC)
        events.append(_event("late", LATE, "logged_in", login))
    return events


def _dated_usage(dice: random.Random) -> list[dict[str, Any]]:
    """Product use of 60 people: nine times of late, and once on a day at the edge of a window."""
    events = []
    for person in range(60):
        edge = DAYS[person % 7] - (29 + person % 3) * DAY
        days = [edge, *(FIRST - dice.randrange(1, 22) * DAY for _ in range(9))]
        for number, day in enumerate(days):
            at = datetime.combine(day, time(), UTC)
            key = f"dated.{person}@example.net"
            events.append(_event(f"used-{person}-{number}", key, "feature_used", at))
    return events


def _event(event_id: str, key: str, name: str, at: datetime, **properties: Any) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "contact_key": key,
        "name": name,
        "occurred_at": at.isoformat(),
        "properties": properties,
    }


def _corrections() -> list[dict[str, str]]:
    """The CRM export of the fourth day: job titles, and an id for a newcomer's address."""
    chiefs = [
        {
            "contact_id": f"p{number:03}",
            "email": small_company.address(number),
            "job_title": "Head of it",
        }
        for number in range(100, 110)
    ]
    known = {"contact_id": "p900", "email": "newcomer.1@example.net", "job_title": "Founder"}
    return [*chiefs, known]


def _recorded(home: Home, segment: str, day: date) -> list[str]:
    """The members at the end of the day, from the recorded segment changes."""
    rows = home.rows(
        f"""select contact_id from decisions.segment_changes
        where segment = '{segment}' and decided_at <= '{end_of(day)}'
        group by contact_id having max_by(change, ordinal) = 'entered' order by all"""
    )
    return [contact for (contact,) in rows]


def _replayed(lived: Lived, segment: str, day: date) -> list[str]:
    rows = _rows(
        lived.replayed,
        f"""select contact_id from segments.membership_daily
        where segment = '{segment}' and day = '{day}' order by all""",
    )
    return [contact for (contact,) in rows]


def _quiet(home: Home, days: list[date], least: int) -> set[str]:
    """Contacts whose last activity is more than `least` days before the end of one of the days."""
    found: set[str] = set()
    for day in days:
        rows = home.rows(
            f"""
            with alive as (
                select contact_id, occurred_at from activity.events
                where received_at <= '{end_of(day)}'
                union all
                select contact_id, occurred_at from mail.engagement
                where is_human and received_at <= '{end_of(day)}'
                    and type in ('opened', 'clicked', 'replied')
            )
            select contact_id from alive group by contact_id
            having max(occurred_at) < '{end_of(day)}'::timestamptz - interval {least} day"""
        )
        found |= {contact for (contact,) in rows}
    return found


def _all_that_sends(home: Home) -> dict[str, Any]:
    return {
        "decided": home.decided(),
        "queue": home.queue(),
        "tries": home.tries(),
        "journal": _hash(home.folder / "journal.sqlite"),
        "mail": home.mail(),
        "landed": home.landed(),
    }


def _rows(path: Path, query: str, live: Path | None = None) -> Rows:
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        if live:
            connection.execute("attach ? as live (read_only)", [str(live)])
        return connection.execute(query).fetchall()


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
