"""Northwind's files in the landing folder: the history at the start, and the files of each day."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from demo import crm
from demo.files import json_line, write_lines
from demo.people import Population, make_population
from demo.stories import Event, events_of
from demo.timeline import BEGIN, midnight

if TYPE_CHECKING:
    from pathlib import Path


class Company:
    """A company that sells analytics to operations teams, with its contacts and their events.

    The seed determines all data; the `write_…` methods write the part that is known at a time. Two
    companies with the same seed write the same bytes.

    Args:
        seed: another seed gives another company.

    """

    def __init__(self, seed: int = 7) -> None:
        self._seed = seed

    def write_history(self, landing_dir: Path) -> None:
        """Write the data from before the first day: CRM exports, and 200 days of events.

        Writes `northwind_contacts/`, `northwind_companies/`, `northwind_deals/` (CSV) and
        `northwind_history/` (JSONL, one file per month) under `landing_dir`;
        `[sources.northwind_*]` in sendhouse.toml says how to read them.
        """
        day = crm.FIRST_EXPORT.date()
        self._write_contacts(landing_dir, crm.FIRST_EXPORT)
        crm.write_companies(
            landing_dir / "northwind_companies" / f"companies-{day}.csv", self._population.accounts
        )
        crm.write_deals(
            landing_dir / "northwind_deals" / f"deals-{day}.csv",
            self._seed,
            self._population.people,
            self._stories,
        )
        months: defaultdict[str, list[str]] = defaultdict(list)
        for event in self._events:
            if event.occurred_at < BEGIN:
                months[event.occurred_at.strftime("%Y-%m")].append(json_line(event.row()))
        for month, lines in months.items():
            write_lines(landing_dir / "northwind_history" / f"events-{month}.jsonl", lines)

    def write_day(self, landing_dir: Path, day: date) -> None:
        """Write the files of one day (UTC); call this method after the day."""
        self.write_between(landing_dir, midnight(day), midnight(day + timedelta(days=1)))

    def write_between(self, landing_dir: Path, since: datetime, until: datetime) -> None:
        """Write the rows that arrive from `since` until before `until`, for several ticks a day.

        Events go to `events/`: some lines occur twice, some lines are torn, and events of offline
        phones arrive hours late. If the CRM's weekly export falls into the time span, the export
        goes to `northwind_contacts/`.
        """
        arrived = [
            json_line(event.row())
            for event in self._events
            if event.occurred_at >= BEGIN and since <= event.arrives_at < until
        ]
        lines = _with_dirt(random.Random(f"{self._seed}/{since}"), arrived)
        if lines:
            write_lines(landing_dir / "events" / f"northwind-{since:%Y-%m-%dT%H%MZ}.jsonl", lines)
        for exported_at in crm.EXPORTS:
            if since <= exported_at < until:
                self._write_contacts(landing_dir, exported_at)

    def _write_contacts(self, landing_dir: Path, exported_at: datetime) -> None:
        crm.write_contacts(
            landing_dir / "northwind_contacts" / f"contacts-{exported_at.date()}.csv",
            self._seed,
            self._population.people,
            self._stories,
            exported_at,
        )

    @cached_property
    def _population(self) -> Population:
        return make_population(self._seed)

    @cached_property
    def _stories(self) -> dict[str, list[Event]]:
        return {
            person.contact_id: events_of(self._seed, person, crm.known_since(person))
            for person in self._population.people
        }

    @cached_property
    def _events(self) -> list[Event]:
        events = [event for story in self._stories.values() for event in story]
        return sorted(events, key=lambda event: (event.arrives_at, event.event_id))


def _with_dirt(rng: random.Random, lines: list[str]) -> list[str]:
    """Repeat some lines, like webhooks; on every third day add a line torn by a crash."""
    if not lines:
        return []
    twice = rng.sample(lines, min(len(lines), rng.randrange(4)))
    torn = rng.choice(lines) if rng.random() < 0.35 else None
    dirty = [*lines, *twice]
    if torn is not None:
        dirty.insert(rng.randrange(len(dirty)), torn[: len(torn) // 2])
    return dirty
