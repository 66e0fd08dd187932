"""The time of the demo: 200 days of history, then 30 simulated days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import random

FIRST_DAY = date(2026, 3, 2)  # a Monday
LAST_DAY = date(2026, 3, 31)
HISTORY_FIRST_DAY = FIRST_DAY - timedelta(days=200)

# Activity by weekday, Monday to Sunday: office software is used on working days.
_WEEKDAY_RHYTHM = (1.05, 1.1, 1.08, 1.02, 0.92, 0.42, 0.46)


def midnight(day: date) -> datetime:
    """Give the first instant of a day, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


HISTORY_BEGIN = midnight(HISTORY_FIRST_DAY)
BEGIN = midnight(FIRST_DAY)
END = midnight(LAST_DAY + timedelta(days=1))


def rhythm(day: date) -> float:
    """The activity of this weekday; an ordinary working day is about 1."""
    return _WEEKDAY_RHYTHM[day.weekday()]


def days(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def office_time(rng: random.Random, day: date, timezone: str) -> datetime:
    """Pick an instant (UTC) on `day` within office hours of `timezone`."""
    hour = rng.gauss(*rng.choice(((10.4, 1.3), (14.9, 1.6))))
    seconds = int(min(max(hour, 6.5), 21.5) * 3600)
    local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone))
    return (local + timedelta(seconds=seconds)).astimezone(UTC)


def between(rng: random.Random, first: datetime, last: datetime) -> datetime:
    """Pick an instant from `first` to `last`, to the second."""
    return first + timedelta(seconds=rng.randrange(int((last - first).total_seconds()) + 1))


def stamp(instant: datetime) -> str:
    """ISO 8601 in UTC with a Z: `2026-03-02T09:14:55Z`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
