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
from dagster_project.home.settings import load_settings
from dagster_project.project import dbt, versions
from dagster_project.tick import stages
from dagster_project.tick.stages import Stage
from tests.support.home import Home

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.home import Rows

STEPS = int(os.environ.get("SENDHOUSE_STEPS", "30"))
COMPARED_EVERY = 15
START = datetime(2026, 3, 2, 6, tzinfo=UTC)
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


class World:
    """A company to which anything can happen, by the dice."""

    def __init__(self, home: Home, seed: int) -> None:
        self.home = home
        self.dice = random.Random(seed)
        self.clock = START
        self.files = 0
        self.parameters: dict[str, float] = {}
        self.done: list[str] = []

    def begin(self) -> None:
        """The first tick."""
        self.events()
        with self.home.settings():
            stages.tick(self._settings(), self.clock, with_tests=False)

    def step(self) -> None:
        """Let one thing happen."""
        happening = self.dice.choices(
            [self.events, self.people, self.tracking, self.pass_time, self.parameter, self.tick,
             self.kill_a_tick],
            [5, 3, 2, 2, 1, 6, 1],
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
                    "created_at": "2025-06-01",
                    "is_deleted": dice.choice(("false", "false", "false", "true")),
                }
                for number in dice.sample(range(PEOPLE), dice.randrange(1, 6))
            ],
        )

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
            (timedelta(seconds=1), timedelta(minutes=5), timedelta(hours=7), timedelta(days=1.5))
        )

    def parameter(self) -> None:
        """Somebody changes a parameter."""
        name = self.dice.choice([*PARAMETERS])
        self.parameters[name] = self.dice.choice(PARAMETERS[name])

    def tick(self) -> None:
        """A tick runs; some of its stages may be left out."""
        self.clock += timedelta(microseconds=1)
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
        copy = Home(folder)
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
    schemas = home.rows("select distinct schema_name from duckdb_schemas() where not internal")
    return home.tables(*({schema for (schema,) in schemas} - {"raw", "control", "main"}))


@pytest.mark.parametrize("seed", [1])
def test_any_order_of_happenings_gives_the_rows_of_a_build_from_nothing(seed: int, tmp_path: Path):
    world = World(Home(tmp_path / "home"), seed)
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
