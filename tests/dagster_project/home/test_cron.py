"""Cron lines mean what they mean to Dagster's schedule."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from dagster._vendored.croniter.croniter import croniter

from dagster_project.home.cron import CronError, has_time, parse

LINES = [
    "*/5 * * * *",
    "0 7 * * mon-fri",
    "30 6,18 1,15 * *",
    "15 */3 13 * fri",
    "0-10/2 9-17 * jan,jul 0",
    "59 23 31 12 7",
    "@hourly",
    "0 0 * * */2",
]


@pytest.mark.parametrize("line", LINES)
def test_the_times_of_a_line_are_those_of_croniter(line: str):
    rng = random.Random(line)
    for _ in range(150):
        minute = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(525_600))
        times = croniter(line, minute - timedelta(seconds=1))
        for at in (minute, times.get_next(datetime)):
            expected = croniter.match(line, at)
            assert (
                has_time(line, at - timedelta(seconds=30), at + timedelta(seconds=30)) is expected
            )


def test_a_time_counts_once_and_is_not_missed_during_a_long_tick():
    seven = datetime(2027, 3, 1, 7, tzinfo=UTC)
    line = "0 7 * * *"

    assert has_time(line, seven - timedelta(hours=2), seven + timedelta(hours=3))
    assert has_time(line, seven - timedelta(seconds=1), seven)
    assert not has_time(line, seven, seven + timedelta(seconds=59))


@pytest.mark.parametrize(
    "line", ["* * * *", "60 * * * *", "*/0 * * * *", "5-1 * * * *", "x * * * *"]
)
def test_a_wrong_line_is_refused(line: str):
    with pytest.raises(CronError):
        parse(line)
