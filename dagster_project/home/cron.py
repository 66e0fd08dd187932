"""Cron lines: whether a minute is one of their times. Dagster's schedule reads the same lines."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES = {
    3: {name: number for number, name in enumerate(_MONTHS, 1)},
    4: {
        name: number
        for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))
    },
}


class CronError(ValueError):
    """The line is no cron line; the message names the part that is wrong."""


@cache
def parse(line: str) -> tuple[frozenset[int], ...]:
    """The minutes, hours, days, months and weekdays of a cron line; an unrestricted day is empty.

    Raises:
        CronError: the line does not have five fields, or a field has no such value.
    """
    fields = _ALIASES.get(line.strip().lower(), line).split()
    if len(fields) != len(_RANGES):
        raise CronError(f"'{line}' has {len(fields)} fields: write minute hour day month weekday")
    minutes, hours, days, months, weekdays = (_values(at, text) for at, text in enumerate(fields))
    return (
        minutes,
        hours,
        frozenset() if fields[2].startswith("*") else days,
        months,
        frozenset() if fields[4].startswith("*") else frozenset(day % 7 for day in weekdays),
    )


def has_time(line: str, since: datetime, now: datetime) -> bool:
    """Whether a time of the line lies after the minute of `since`, up to the minute of `now`.

    Both are UTC. A longer span than a day counts as a day.
    """
    minute = now.replace(second=0, microsecond=0)
    first = max(since.replace(second=0, microsecond=0), minute - timedelta(days=1))
    while minute > first:
        if _matches(line, minute):
            return True
        minute -= timedelta(minutes=1)
    return False


def _matches(line: str, at: datetime) -> bool:
    minutes, hours, days, months, weekdays = parse(line)
    if at.minute not in minutes or at.hour not in hours or at.month not in months:
        return False
    # As in cron(8): with both days restricted, one of them is enough.
    allowed = [at.day in days] if days else []
    allowed += [at.isoweekday() % 7 in weekdays] if weekdays else []
    return any(allowed) or not allowed


def _values(at: int, text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.lower().split(","):
        span, _, step = part.partition("/")
        low, high = _RANGES[at]
        if span != "*":
            first, is_span, last = span.partition("-")
            low = _number(at, first, text)
            high = _number(at, last, text) if is_span else (high if step else low)
        if (step and not step.isdigit()) or step == "0" or low > high:
            raise CronError(f"'{text}' is no field of a cron line")
        found.update(range(low, high + 1, int(step or 1)))
    return frozenset(found)


def _number(at: int, text: str, field: str) -> int:
    low, high = _RANGES[at]
    number = _NAMES.get(at, {}).get(text, int(text) if text.isdigit() else -1)
    if not low <= number <= high:
        raise CronError(f"'{text}' in '{field}' is not between {low} and {high}")
    return number
