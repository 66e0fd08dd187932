"""`sendhouse run` as a real process: it mails what lands, and survives a kill and a bad model."""

from __future__ import annotations

import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dagster_project.tick import record as records
from tests.support import mailbox
from tests.support.home import Home, finish, statuses
from tests.support.project_copy import ProjectCopy
from tests.support.small_company import stranger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.mailbox import Mailbox
    from tests.support.warm import Forked

SECONDS = 120
MODEL = "models/segments/b2b/trial_accounts.sql"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> ProjectCopy:
    return ProjectCopy(tmp_path_factory.mktemp("project") / "project", is_lean=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, project: ProjectCopy) -> Home:
    """A company with a few strangers, which one resident process after the other serves."""
    home = Home(
        tmp_path_factory.mktemp("resident") / "home", SENDHOUSE_PROJECT_DIR=str(project.folder)
    )
    sign_up(home, range(3))
    return home


@pytest.fixture
def start(home: Home) -> Iterator[Callable[[Mailbox], Forked]]:
    """Start the resident process and wait for the end of its first tick."""
    started: list[Forked] = []

    def start(server: Mailbox) -> Forked:
        begun = datetime.now(UTC)
        # Once a year, so that only files wake the process.
        rarely = {"SENDHOUSE_SCHEDULE__TICK_CRON": "0 0 1 1 *"}
        started.append(home.start("run", **server.settings, **rarely))
        wait(lambda: ended_since(home, begun), started[-1])
        return started[-1]

    yield start
    for process in started:
        process.kill()


def sign_up(home: Home, numbers: range) -> None:
    """Land the sign-ups of strangers, whom the sequence `activation` welcomes at once."""
    now = datetime.now(UTC) - timedelta(seconds=1)
    rows = [
        {
            "event_id": f"signed_up-{number}",
            "contact_key": stranger(number),
            "name": "signed_up",
            "occurred_at": now.isoformat(),
            "properties": {"marketing_consent": True},
        }
        for number in numbers
    ]
    home.land(f"events/sign-ups-{numbers.start}.jsonl", rows)


def ended_since(home: Home, begun: datetime) -> list[records.Record]:
    """The ticks that began after an instant and have ended."""
    with home.settings() as settings:
        found = [records.read(path) for path in records.paths(settings)]
    return [one for one in found if one.began > begun and one.ended]


def wait(moment: Callable[[], Any], process: Forked) -> None:
    deadline = time.monotonic() + SECONDS
    while not moment():
        if process.poll() is not None:
            pytest.fail(f"the process ended: {finish(process)}")
        assert time.monotonic() < deadline
        time.sleep(0.02)


def arrived(*servers: Mailbox) -> Counter[str]:
    """The number of messages by address."""
    return Counter(address for one in servers for _, address, _ in one.arrived())


def test_a_file_that_lands_is_mail_at_once_and_sigterm_ends_the_process(
    home: Home,
    start: Callable[[Mailbox], Forked],
    start_mailbox: Callable[..., mailbox.Mailbox],
):
    server = start_mailbox()
    process = start(server)
    assert arrived(server) == Counter(map(stranger, range(3)))

    begun = datetime.now(UTC)
    sign_up(home, range(3, 4))
    wait(lambda: stranger(3) in arrived(server), process)
    wait(lambda: ended_since(home, begun), process)

    process.send_signal(signal.SIGTERM)
    ended = finish(process)
    assert ended.code == 0
    start_line, landed = ended.out.splitlines()
    assert "start: landed" in start_line
    assert "a file landed: landed 1 files, 1 rows" in landed
    assert "dispatched 1 sent" in landed


@pytest.mark.parametrize(
    ("number", "edit"),
    [
        (10, (MODEL, "select", "selekt")),  # the SQL fails
        (11, (MODEL, "{{", "{{ no_such_macro() }} {{")),  # dbt refuses the file
    ],
)
def test_a_bad_model_is_said_and_mail_goes_on_with_the_last_good_project(
    home: Home,
    project: ProjectCopy,
    start: Callable[[Mailbox], Forked],
    start_mailbox: Callable[..., mailbox.Mailbox],
    number: int,
    edit: tuple[str, str, str],
):
    server = start_mailbox()
    process = start(server)
    with project.edited(edit):
        sign_up(home, range(number, number + 1))
        wait(lambda: stranger(number) in arrived(server), process)
    sign_up(home, range(number + 4, number + 5))
    wait(lambda: stranger(number + 4) in arrived(server), process)

    process.send_signal(signal.SIGTERM)
    ended = finish(process)
    assert ended.out.count("goes on with the earlier project") == 1
    assert "trial_accounts" in ended.out


def test_sigterm_during_a_dispatch_leaves_no_message_half_done(
    home: Home,
    start: Callable[[Mailbox], Forked],
    start_mailbox: Callable[..., mailbox.Mailbox],
):
    slow = start_mailbox(late_by=1)
    process = start(slow)
    before = statuses(home)["sent"]
    sign_up(home, range(20, 40))
    wait(lambda: statuses(home)["sent"] > before, process)

    process.send_signal(signal.SIGTERM)
    assert finish(process).code == 0
    assert set(statuses(home)) == {"sent"}
    assert 0 < len(slow.messages()) < 20

    fast = start_mailbox()
    start(fast).send_signal(signal.SIGTERM)
    assert arrived(slow, fast) == Counter(map(stranger, range(20, 40)))


def test_a_killed_process_loses_nothing_and_repeats_nothing(
    home: Home,
    start: Callable[[Mailbox], Forked],
    start_mailbox: Callable[..., mailbox.Mailbox],
):
    slow = start_mailbox(late_by=1)
    process = start(slow)
    before = statuses(home)["sent"]
    sign_up(home, range(50, 70))
    wait(lambda: statuses(home)["sent"] > before, process)
    process.kill()
    finish(process)
    unanswered = statuses(home)["attempting"]

    fast = start_mailbox()
    begun = datetime.now(UTC)
    process = start(fast)
    wait(lambda: ended_since(home, begun), process)
    process.send_signal(signal.SIGTERM)
    finish(process)

    found = arrived(slow, fast)
    assert max(found.values()) == 1, "a message arrived twice"
    assert statuses(home)["unknown"] == unanswered
    assert statuses(home).keys() == {"sent", "unknown"}
    missing = {*map(stranger, range(50, 70))} - found.keys()
    assert len(missing) <= unanswered
    with home.settings() as settings:
        killed = [path for path in records.paths(settings) if records.read(path).ended is None]
    assert len(killed) == 1
