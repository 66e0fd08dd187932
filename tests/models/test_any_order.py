"""Any order of ticks, files, parameters and crashes gives the rows that a build from nothing gives.

`SENDHOUSE_STEPS=10000 pytest tests/models/test_any_order.py` takes more steps than the suite does.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dagster_project.home import warehouse
from dagster_project.home.settings import PROJECT_DIR, load_settings
from dagster_project.project import dbt, versions
from dagster_project.tick import corrections, stages
from dagster_project.tick.stages import Stage
from tests.support.home import Home, finish
from tests.support.project_copy import ProjectCopy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.home import Rows

STEPS = int(os.environ.get("SENDHOUSE_STEPS", "15"))
# More steps than these also change the project, and run plain dbt: both take seconds.
SHORT = 60
SEEDS = [int(seed) for seed in os.environ.get("SENDHOUSE_SEEDS", "1").split()]
COMPARED_EVERY = 15
START = datetime(2020, 3, 2, 6, tzinfo=UTC)
PEOPLE = 25
KEPT = ("raw", "control", "decisions", "information_schema", "main")
NAMES = (
    "logged_in", "signed_up", "activated", "setup_completed", "feature_used", "form_submitted",
    "page_viewed", "pricing_viewed", "demo_booked", "purchase_completed", "subscription_cancelled",
)  # fmt: skip
PARAMETERS = {
    "silence_days": (20, 90),
    "setup_days": (1, 3),
    "mql_points": (10, 50),
    "power_user_events": (2, 10),
    "new_subscriber_days": (3, 14),
    "frequency_cap_sends": (1, 3),
    "demo_points": (10, 30),
    "attribution_days": (1, 7),
}
# A source whose rows are received when they happen, some of them in the future.
SETTINGS = """
[sources.dated]
as = "events"
path = "{folder}/*.jsonl"
received_at = "occurred_at"
"""
EDITS = (
    ("models/segments/b2b/active_opportunity.sql", "open_deals > 0", "open_deals > 1"),
    ("models/segments/b2b/churned.sql", "'churned'", "'customer'"),
    ("models/scores/b2b/lead_score.sql", "points=", "points=1 + "),
    ("dbt_project.yml", "[form_submitted, signed_up]", "[form_submitted]"),
    ("dbt_project.yml", "usage_events:\n    - feature_used\n", "usage_events:\n"),
    ("dbt_project.yml", "      hubspot: {+enabled: false}\n", ""),
    ("models/activity/contact_totals.sql", "name = 'demo_booked'", "name = 'activated'"),
)  # fmt: skip


class World:
    """A company to which anything can happen, by the dice."""

    def __init__(self, home: Home, seed: int, project: ProjectCopy | None = None) -> None:
        self.home = home
        self.dice = random.Random(seed)
        self.clock = START
        self.files = 0
        self.parameters: dict[str, float] = {}
        self.done: list[str] = []
        self.project = project
        self.edits: set[int] = set()

    def begin(self) -> None:
        """The first tick."""
        self.events()
        with self.home.settings():
            stages.tick(self._settings(), self.clock, with_tests=False)

    def step(self) -> None:
        """Let one thing happen."""
        happening = self.dice.choices(
            [self.events, self.people, self.tracking, self.pass_time, self.parameter, self.tick,
             self.kill_a_tick, self.crm, self.dated, self.forget, self.settle_unknown,
             self.edit, self.plain_dbt],
            [5, 3, 2, 2, 1, 6, 1, 3, 1, 0.5, 0.5, *([1, 0.4] if self.project else [0, 0])],
        )[0]  # fmt: skip
        self.done.append(f"{happening.__name__} at {self.clock:%d %H:%M:%S}")
        happening()

    def events(self) -> None:
        """Events arrive, some of them late, some of unknown people."""
        dice = self.dice
        self._land(
            "events/{}.jsonl",
            [
                {
                    "event_id": f"e{dice.randrange(10**9)}",
                    "contact_key": self._key(),
                    "name": dice.choice(NAMES),
                    "occurred_at": self._past(dice.choice((1, 3, 40, 200))),
                    "properties": dice.choice(
                        (
                            {},
                            {"amount": dice.randrange(100), "currency": "EUR"},
                            {"anonymous_id": f"anon{dice.randrange(9)}"},
                            {"marketing_consent": dice.random() < 0.5},
                        )
                    ),
                }
                for _ in range(dice.randrange(1, 12))
            ],
        )

    def people(self) -> None:
        """The CRM reports contacts: new values, shared addresses, other words of consent."""
        dice = self.dice
        self._land(
            "crm/standard/contacts/{}.jsonl",
            [
                {
                    "contact_id": f"p{number}",
                    "email": f"p{dice.choice((number, number, number, number + 1))}@x.example",
                    "first_name": dice.choice(("Ann", "Bo", "")),
                    "timezone": dice.choice(("Europe/Berlin", "Asia/Tokyo", "")),
                    "marketing_consent": dice.choice(("true", "true", "false", "")),
                    "created_at": "2019-06-01",
                    "is_deleted": dice.choice(("false", "false", "false", "true")),
                }
                for number in dice.sample(range(PEOPLE), dice.randrange(1, 6))
            ],
        )

    def crm(self) -> None:
        """The CRM reports companies, deals, consents, merges and forms."""
        dice = self.dice
        number, other = dice.randrange(PEOPLE), dice.randrange(PEOPLE)
        at = self._past(dice.choice((1, 30)))
        kind, row = dice.choice(
            (
                ("companies", {
                    "company_id": f"c{number % 4}", "name": dice.choice(("A", "B")),
                    "plan": dice.choice(("pro", "")), "plan_limit": dice.choice(("5", "x", "")),
                    "renewal_on": (self.clock + timedelta(days=dice.randrange(40))).date(),
                    "industry": "software", "employees": dice.choice(("60", "many")),
                }),
                ("deals", {
                    "deal_id": f"d{number}", "contact_id": f"p{other}", "stage": "open",
                    "status": dice.choice(("open", "won", "lost")), "amount": "10",
                    "company_id": f"c{number % 4}", "created_at": at,
                }),
                ("consents", {
                    "contact_id": f"p{number}", "email": f"p{number}@x.example", "said_at": at,
                    "said": dice.choice(("subscribed", "unsubscribed", "stop", "hm")),
                }),
                ("contact_merges", {
                    "contact_id": f"p{number}",
                    "merged_into": dice.choice((f"p{other}", f"p{other}", "")), "merged_at": at,
                }),
                ("form_submissions", {
                    "submission_id": f"f{number}", "email": f"s{number}@y.example",
                    "form_name": "demo", "occurred_at": at,
                }),
            )
        )  # fmt: skip
        self._land(f"crm/standard/{kind}/{{}}.jsonl", [row])

    def dated(self) -> None:
        """Events of a source that counts them as received when they happened, or will happen."""
        self._land(
            "../dated/{}.jsonl",
            [
                {
                    "event_id": f"x{self.dice.randrange(10**9)}",
                    "contact_key": self._key(),
                    "name": self.dice.choice(NAMES),
                    "occurred_at": self._past(days),
                }
                for days in (30, 2, -2, -0.01)
            ],
        )

    def forget(self) -> None:
        """A landed file was a mistake."""
        files = self.home.rows("select path from raw.files order by file_no")
        if files:
            with self.home.settings():
                corrections.correct(
                    self._settings(), [self.dice.choice(files)[0]], forget=True, dry_run=False
                )

    def settle_unknown(self) -> None:
        """An operator says what became of an uncertain try."""
        unknown = sorted(send for send, _, status in self.home.tries() if status == "unknown")
        if unknown:
            settling = self.home.start(
                "settle", self.dice.choice(unknown), self.dice.choice(("sent", "not-sent"))
            )
            assert finish(settling).code == 0

    def edit(self) -> None:
        """Somebody changes the project, or takes a change back."""
        assert self.project is not None
        number = self.dice.randrange(len(EDITS))
        name, *texts = EDITS[number]
        old, new = reversed(texts) if number in self.edits else texts
        self.edits ^= {number}
        path = self.project.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text, (name, old)
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        self.done[-1] += f" {name}"

    def plain_dbt(self) -> None:
        """Somebody runs dbt from a shell."""
        command = self.dice.choice(
            (
                ("build", "-s", "segments"),
                ("build", "-s", "models/activity", "--exclude", "resource_type:unit_test"),
                ("run", "-s", "contact_totals+1", "--full-refresh"),
                ("run", "-s", "contacts", "key_windows", "stg_events"),
                ("run", "-s", "trigger_firings+"),
            )
        )
        folder = str(self.project.folder) if self.project else ""
        running = self.home.start_dbt(
            *command,
            *("--project-dir", folder, "--profiles-dir", folder),
            *("--target-path", str(self.home.folder / "dbt"), "--log-level-file", "none"),
            "--no-static-parser",  # written in Rust; it can block for ever in a fork
        )
        self.done[-1] += f" {command}: {running.communicate(timeout=900)}"

    def tracking(self) -> None:
        """Recipients react to mail that left."""
        sends = self.home.rows("select send_id from raw.attempts order by all")
        if sends:
            kinds = ("opened", "clicked", "replied", "unsubscribed", "bounced", "delivered")
            self._land(
                "tracking/{}.jsonl",
                [
                    {
                        "event_id": f"t{self.dice.randrange(10**9)}",
                        "send_id": self.dice.choice(sends)[0],
                        "type": self.dice.choice(kinds),
                        "occurred_at": self._past(0.1),
                        "provider": "test",
                        "detail": {"url": "https://x.example/pricing", "bounce_type": "hard"},
                    }
                ],
            )

    def pass_time(self) -> None:
        """Time passes."""
        self.clock += self.dice.choice(
            (
                timedelta(seconds=1),
                timedelta(minutes=5),
                timedelta(hours=7),
                timedelta(days=1.5),
                timedelta(days=self.dice.choice((3, 3, 40, 400))),
            )
        )

    def parameter(self) -> None:
        """Somebody changes a parameter."""
        name = self.dice.choice([*PARAMETERS])
        self.parameters[name] = self.dice.choice(PARAMETERS[name])

    def tick(self) -> None:
        """A tick runs; some of its stages may be left out. It may be at the last tick's instant."""
        self.clock += timedelta(microseconds=self.dice.choice((0, 1, 1, 1)))
        until = self.dice.choice((Stage.LAND, Stage.DECIDE, Stage.DISPATCH, Stage.DISPATCH))
        with self.home.settings():
            stages.tick(self._settings(), self.clock, until=until, with_tests=False)

    def kill_a_tick(self) -> None:
        """A tick is killed somewhere."""
        self.clock += timedelta(microseconds=1)
        ticking = self.home.start_tick(self.clock, **self._variables())
        time.sleep(self.dice.random() * 0.8)
        ticking.send_signal(signal.SIGKILL)
        ticking.communicate(timeout=60)

    def settle(self) -> dict[str, Rows]:
        """Tick until nothing is new; return the rows of all derived tables."""
        with self.home.settings():
            settings = self._settings()
            stages.tick(settings, self.clock, until=Stage.LOAD_JOURNAL)
            return _until_nothing_runs(settings, self.home)

    def from_nothing(self, folder: Path) -> dict[str, Rows]:
        """The rows of a build of all derived tables at the same clock, in a copy of the home."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.home.folder, folder)
        copy = Home(folder, **self.home.variables | {"SENDHOUSE_HOME": str(folder)})
        for (schema,) in copy.rows(
            """select distinct schema_name from duckdb_schemas()
            where not internal and database_name = current_database()"""
        ):
            if schema not in KEPT:
                copy.rows(f'drop schema "{schema}" cascade')
        copy.rows("drop view decisions.enrollments")
        with copy.settings(), warehouse.connect(folder / "warehouse.duckdb") as connection:
            versions.forget(connection)
        with copy.settings():
            settings = self._settings(home=folder)
            stages.tick(settings, self.clock, until=Stage.LOAD_JOURNAL)
            return _until_nothing_runs(settings, copy)

    def _settings(self, **more: Any) -> Any:
        return (
            load_settings(parameters=self.parameters, **more)
            if self.parameters
            else (load_settings(**more))
        )

    def _variables(self) -> dict[str, str]:
        return {
            f"SENDHOUSE_PARAMETERS__{name}": str(value) for name, value in self.parameters.items()
        }

    def _key(self) -> str:
        number = self.dice.randrange(PEOPLE)
        return self.dice.choice(
            (f"p{number}", f"p{number}@x.example", f"s{number}@y.example", f"anon{number % 9}")
        )

    def _past(self, days: float) -> str:
        return (self.clock - timedelta(days=days * self.dice.random())).isoformat()

    def _land(self, place: str, rows: list[dict[str, Any]]) -> None:
        self.files += 1
        self.home.land(place.format(self.files), rows)


def _until_nothing_runs(settings: Any, home: Home) -> dict[str, Rows]:
    ran: list[str] = []
    for _ in range(8):
        results = dbt.build(settings, with_tests=False)
        dbt.raise_for(results)
        ran = [result.unique_id for result in results]
        if not ran:
            break
    assert ran == [], "the same inputs run the same models again and again"
    assert not home.rows(
        """select took.model from control.watermarks as took
        inner join control.watermarks as looking on looking.model = took.model || '.looking'
        where took.as_of <> looking.as_of"""
    ), "a look is not taken in"
    schemas = home.rows("select distinct schema_name from duckdb_schemas() where not internal")
    return home.tables(*({schema for (schema,) in schemas} - {"raw", "control", "main"}))


@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_of_happenings_gives_the_rows_of_a_build_from_nothing(seed: int, tmp_path: Path):
    config = tmp_path / "sendhouse.toml"
    dated = SETTINGS.format(folder=tmp_path / "dated")
    config.write_text((PROJECT_DIR / "sendhouse.toml").read_text(encoding="utf-8") + dated)
    variables = {"SENDHOUSE_CONFIG": str(config)}
    project = None
    if STEPS > SHORT:
        project = ProjectCopy(tmp_path / "project", is_lean=True)
        variables["SENDHOUSE_PROJECT_DIR"] = str(project.folder)
    world = World(Home(tmp_path / "home", **variables), seed, project)
    world.begin()
    for number in range(1, STEPS + 1):
        world.step()
        if number % COMPARED_EVERY == 0 or number == STEPS:
            lived = world.settle()
            fresh = world.from_nothing(tmp_path / "fresh")
            assert lived.keys() == fresh.keys()
            differ = {
                name: ([row for row in lived[name] if row not in fresh[name]][:3],
                       [row for row in fresh[name] if row not in lived[name]][:3])
                for name in lived if lived[name] != fresh[name]
            }  # fmt: skip
            assert not differ, f"step {number}: {differ}\n" + "\n".join(world.done)
