"""`kill -9` of a real tick, at moments in every stage: the next tick carries on.

A moment depends on the progress of the tick, not on seconds. On a busy machine the kill still falls
inside the intended stage: landing, the models, the dispatch or the publishing.
"""

from __future__ import annotations

import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.home import Home, finish, statuses
from tests.support.small_company import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Undisturbed
    from tests.support.mailbox import Mailbox
    from tests.support.warm import Forked

# Ten kills in two lives; each number is the finished share of the stage at the kill.
LIVES = [
    (("landing", 0.0), ("models", 0.4), ("models", 0.9), ("dispatch", 0.2), ("publish", 0.0)),
    (("landing", 0.5), ("models", 0.1), ("models", 0.6), ("dispatch", 0.6), ("dispatch", 0.5)),
]


@pytest.mark.parametrize("life", range(len(LIVES)))
def test_killed_ticks_lose_no_data_and_repeat_no_send(
    waiting: Home, undisturbed: Undisturbed, life: int
):
    rng = random.Random(life)
    commits = _Commits(waiting)
    for stage, share in LIVES[life]:
        _kill_in(waiting, undisturbed, commits, stage, share + rng.uniform(0, 0.1), rng)
        _every_landed_file_is_whole(waiting)
    report = waiting.tick(SECOND).report
    assert not report["errors"]
    assert waiting.decided() == undisturbed.decided
    assert waiting.landed() == undisturbed.landed
    assert waiting.mail() == undisturbed.mail
    assert waiting.sent() == sorted(undisturbed.mail)
    assert set(statuses(waiting)) <= {"sent", "deferred"}
    assert waiting.rows("select count(*) from delivery.unknown_sends") == [(0,)]


def test_sends_without_an_answer_when_the_tick_is_killed_are_listed_as_unknown(
    waiting: Home, undisturbed: Undisturbed, start_mailbox: Callable[..., Mailbox]
):
    before = set(waiting.mail())
    due = {send_id for send_id in undisturbed.mail if send_id not in before}
    # The server answers late, so a kill leaves some messages handed over and unanswered.
    slow = start_mailbox(late_by=1)
    # The command, as in production: a run of Dagster's job that dies during the dispatch.
    command = waiting.start("tick", "--as-of", SECOND.isoformat(), "--json", **slow.settings)
    _kill(command, lambda: statuses(waiting)["sent"] > len(before) + 10)
    unanswered = {send_id for send_id, _, status in waiting.tries() if status == "attempting"}
    assert unanswered

    fast = start_mailbox()
    report = waiting.tick_command(SECOND, **fast.settings).report
    listed = {send_id for (send_id,) in waiting.rows("select send_id from delivery.unknown_sends")}
    assert listed == unanswered
    assert report["unknown"] == len(unanswered)

    arrived = slow.send_ids() + fast.send_ids()
    assert len(arrived) == len(set(arrived)), "a message arrived twice"
    assert set(arrived) <= due
    assert due - set(arrived) <= listed
    assert waiting.sent() == sorted(before | (due - listed))
    assert set(statuses(waiting)) == {"sent", "unknown"}
    assert waiting.decided() == undisturbed.decided


def _kill_in(
    home: Home,
    undisturbed: Undisturbed,
    commits: _Commits,
    stage: str,
    share: float,
    rng: random.Random,
) -> None:
    """Kill a tick when `share` of a stage is finished."""
    if stage == "landing":
        wal = home.folder / "warehouse.duckdb.wal"
        _kill(home.start_tick(SECOND), wal.exists, after=share)
    elif stage == "models":
        # Over all ticks of this life: a model that an earlier tick has built does not run again.
        _kill(
            home.start_tick(SECOND),
            lambda: commits.seen() > share * _COMMITS_OF_A_TICK,
            after=rng.uniform(0, 0.03),
        )
    elif stage == "dispatch":
        all_ = len(undisturbed.mail)
        known = statuses(home).total()
        wanted = known + share * (all_ - known)
        _kill(
            home.start_tick(SECOND),
            lambda: statuses(home).total() > wanted,
            after=rng.uniform(0, 0.01),
        )
    else:
        _kill(home.start_tick(SECOND), (home.folder / "serving" / ".next").exists)


def _kill(tick: Forked, moment: Callable[[], bool], after: float = 0, pause: float = 0.002) -> None:
    while not moment():
        if tick.poll() is not None:
            pytest.fail(f"the tick ended before its moment: {finish(tick)}")
        time.sleep(pause)
    time.sleep(after)
    tick.kill()
    assert finish(tick).code == -signal.SIGKILL


# The commits of one undisturbed tick up to its last model; a poll misses some.
_COMMITS_OF_A_TICK = 90


class _Commits:
    """Counts the transactions that a tick commits: the log of the warehouse grows with each."""

    def __init__(self, home: Home) -> None:
        self._log = home.folder / "warehouse.duckdb.wal"
        self._size = 0
        self._seen = 0

    def seen(self) -> int:
        """The number of transactions up to now; a few may go unseen between two calls."""
        size = self._log.stat().st_size if self._log.exists() else 0
        self._seen += size > self._size
        self._size = size
        return self._seen


def _every_landed_file_is_whole(home: Home) -> None:
    torn = home.rows(
        """select path, rows_landed, rows_rejected from raw.files
        where rows_landed <> (
            select count(*) from (
                select file_id from raw.events
                union all select file_id from raw.tracking
                union all select _file_id from raw.standard__contacts
            ) as landed where landed.file_id = files.file_id
        ) or rows_rejected <> (
            select count(*) from raw.rejects where rejects.file_id = files.file_id
        )"""
    )
    assert not torn
