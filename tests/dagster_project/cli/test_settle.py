"""`sendhouse settle`: an operator's word on unknown tries, in the journal and in the warehouse."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from dagster_project.cli import app
from senders.base import Outcome
from senders.journal import Journal
from tests.support.small_company import SECOND

if TYPE_CHECKING:
    from click.testing import Result

    from tests.support.home import Home

LATER = SECOND + timedelta(minutes=5)


def settle(home: Home, *arguments: str, listed: str = "") -> Result:
    return CliRunner().invoke(app, ["settle", *arguments], input=listed, env=home.variables)


def uncertain(home: Home, **attempts: int) -> None:
    """Give sends deferred tries and then an unknown one, as a dead dispatch does."""
    with closing(Journal(f"sqlite:///{home.folder / 'journal.sqlite'}")) as journal:
        for send_id, number in attempts.items():
            for attempt in range(1, number + 1):
                claim: dict[str, Any] = {"sender": "smtp", "message_id": "<m@x>", "email_hash": "h"}
                journal.claim(send_id, **claim, started_at=SECOND, max_attempts=9)
                status = "unknown" if attempt == number else "deferred"
                journal.record(
                    send_id, attempt, Outcome(status), finished_at=SECOND, next_try_at=SECOND
                )
    home.decide(SECOND, "send_attempts")


def last_tries(home: Home) -> dict[str, str]:
    """The status of each send's last try; the journal and the warehouse must agree."""
    found = {send_id: status for send_id, _, status in sorted(home.tries())}
    loaded = home.rows("select send_id, attempt, status from raw.attempts order by all")
    assert {send_id: status for send_id, _, status in loaded} == found
    return found


def test_an_operator_settles_unknown_tries_one_by_one_and_from_a_list(due: Home):
    queue = [send_id for (send_id,) in due.rows("select send_id from delivery.send_queue")]
    arrived, lost, given_up, *listed = sorted(queue)[:8]
    before = Counter(last_tries(due).values())
    uncertain(due, **{arrived: 1, lost: 2, given_up: 5}, **dict.fromkeys(listed, 1))

    one = settle(due, arrived, "sent")
    assert (one.exit_code, one.stdout) == (0, f"send {arrived}: sent\n")
    assert settle(due, lost, "not-sent").stdout == f"send {lost}: deferred\n"
    assert settle(due, given_up, "not-sent").stdout == f"send {given_up}: failed\n"
    many = settle(
        due, "-", "not-sent", "--json", listed="send_id,attempt\n" + ",1\n".join(listed) + ",1\n\n"
    )
    assert many.exit_code == 0
    assert json.loads(many.stdout) == [
        {"send_id": send_id, "status": "deferred"} for send_id in listed
    ]

    found = last_tries(due)
    assert Counter(found.values()) - before == {"sent": 1, "deferred": 6, "failed": 1}
    assert (found[arrived], found[given_up]) == ("sent", "failed")
    assert due.rows("select count(*) from delivery.unknown_sends") == [(0,)]
    due.live(LATER)
    assert set(due.mail()) >= {lost, *listed}
    assert not set(due.mail()) & {arrived, given_up}


def test_a_send_without_an_unknown_try_stays_as_it_is(due: Home):
    [(send_id,)] = due.rows("select min(send_id) from delivery.send_queue")
    before = due.tries()

    done = settle(due, "-", "sent", listed=f"{send_id}\nno-such-send\n")

    assert done.exit_code == 4
    assert f"send {send_id} has no unknown try: see delivery.unknown_sends" in done.stderr
    assert "send no-such-send has no unknown try" in done.stderr
    assert due.tries() == before
