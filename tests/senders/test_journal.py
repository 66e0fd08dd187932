import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from senders.base import Outcome
from senders.file import FileSender
from senders.journal import Journal, JournalError
from tests.senders.senders_support import NOW

PROJECT = Path(__file__).resolve().parents[2]
HOUR = timedelta(hours=1)
COLUMNS = [
    "send_id", "attempt", "status", "sender", "message_id", "provider_message_id", "smtp_code",
    "fault", "detail", "email_hash", "started_at", "finished_at", "next_try_at", "updated_at",
]  # fmt: skip
RACE = """
import sys
from datetime import datetime, UTC
from senders.journal import Journal
journal = Journal(sys.argv[1])
now = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    send_id = f"send-{number}"
    claimed = journal.claim(
        send_id, sender="file", message_id="<m@x>", email_hash="h", started_at=now, max_attempts=5)
    if claimed:
        print(send_id, flush=True)
"""
EARLIER = """
create table attempts (
    send_id varchar not null, attempt integer not null, status varchar not null,
    sender varchar not null, message_id varchar not null, provider_message_id varchar,
    smtp_code integer, fault varchar, detail varchar, email_hash varchar,
    started_at timestamp not null, finished_at timestamp, next_try_at timestamp,
    updated_at timestamp not null, dispatcher varchar not null, primary key (send_id, attempt)
)
"""
HANG = """
import sys, time
from datetime import datetime, UTC
from senders.journal import Journal
now = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
for send_id in sys.argv[2:]:
    Journal(sys.argv[1]).claim(
        send_id, sender="file", message_id="<m@x>", email_hash="h", started_at=now, max_attempts=5)
print("claimed", flush=True)
time.sleep(60)
"""


class Witness:
    """A sender with evidence for some sends; these tests send no mail."""

    def __init__(self, name="file", **known):
        self.name = name
        self.known = known

    def evidence(self, send_id, message_id):
        return self.known.get(send_id)


def claim(journal, send_id="a", *, at=NOW, max_attempts=5, sender="file"):
    return journal.claim(
        send_id,
        sender=sender,
        message_id="<a@x>",
        email_hash="h",
        started_at=at,
        max_attempts=max_attempts,
    )


def only(journal):
    [row] = journal.changed_since().rows
    return row


def python(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def claim_and_die(url, *send_ids):
    """Claim in a real process and kill it before it can record anything."""
    child = python(HANG, url, *send_ids)
    assert child.stdout.readline() == "claimed\n"
    child.kill()  # no wait: the child stays a zombie, as under a parent that does not wait
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    return child


def settle(journal, sender=None, *, now=NOW):
    return dict(journal.settle_leftovers(sender or Witness(), now=now, stale_after=HOUR))


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'journal.sqlite'}"


def test_a_claim_is_on_disk_as_attempting_before_the_message_is_sent(journal, url):
    assert claim(journal) == 1
    [row] = Journal(url).changed_since().rows
    assert list(row) == COLUMNS
    assert (row["send_id"], row["attempt"], row["status"]) == ("a", 1, "attempting")
    assert row["started_at"] == NOW
    assert row["started_at"].tzinfo is UTC
    assert row["finished_at"] is None


def test_the_journal_is_synced_to_disk(journal):
    with journal._engine.connect() as connection:
        assert connection.execute(text("pragma journal_mode")).scalar() == "wal"
        assert connection.execute(text("pragma synchronous")).scalar() == 2  # FULL


def test_a_claimed_send_cannot_be_claimed_again(journal):
    assert claim(journal) == 1
    assert claim(journal) is None


@pytest.mark.parametrize("status", ["sent", "rejected", "unknown"])
def test_a_finished_or_uncertain_send_is_never_tried_again(journal, status):
    claim(journal)
    journal.record("a", 1, Outcome(status), finished_at=NOW)
    assert claim(journal, at=NOW + 1000 * HOUR) is None


@pytest.mark.parametrize("status", ["deferred", "failed"])
def test_a_deferred_send_waits_for_its_next_try(journal, status):
    claim(journal)
    journal.record("a", 1, Outcome(status), finished_at=NOW, next_try_at=NOW + HOUR)
    assert claim(journal, at=NOW + HOUR - timedelta(microseconds=1)) is None
    assert claim(journal, at=NOW + HOUR) == 2


@pytest.mark.parametrize("status", ["deferred", "failed"])
def test_a_send_without_a_next_try_is_given_up(journal, status):
    claim(journal)
    journal.record("a", 1, Outcome(status), finished_at=NOW)
    assert claim(journal, at=NOW + 1000 * HOUR) is None


def test_a_send_is_not_tried_more_often_than_max_attempts(journal):
    for attempt in (1, 2):
        assert claim(journal, max_attempts=2) == attempt
        journal.record("a", attempt, Outcome("deferred"), finished_at=NOW, next_try_at=NOW)
    assert claim(journal, max_attempts=2) is None


def test_all_fields_of_an_outcome_are_recorded(journal):
    claim(journal)
    outcome = Outcome("rejected", "q1", 550, "recipient", "550 5.1.1 no such user")
    journal.record("a", 1, outcome, finished_at=NOW + HOUR)
    row = only(journal)
    kept = (row["status"], row["provider_message_id"], row["smtp_code"], row["fault"])
    assert kept == ("rejected", "q1", 550, "recipient")
    assert row["detail"] == "550 5.1.1 no such user"
    assert row["finished_at"] == NOW + HOUR
    assert row["next_try_at"] is None


def test_only_a_try_in_progress_can_be_recorded(journal):
    with pytest.raises(JournalError, match="send a: try 1 is not in progress"):
        journal.record("a", 1, Outcome("sent"), finished_at=NOW)
    claim(journal)
    journal.record("a", 1, Outcome("sent"), finished_at=NOW)
    with pytest.raises(JournalError, match="not in progress"):
        journal.record("a", 1, Outcome("rejected"), finished_at=NOW)


def test_an_instant_is_the_same_in_every_time_zone(journal):
    eastern = timezone(timedelta(hours=-5))
    claim(journal, at=NOW.astimezone(eastern))
    assert only(journal)["started_at"] == NOW
    with pytest.raises(Exception, match="time zone"):
        claim(journal, "b", at=NOW.replace(tzinfo=None))


def race(url, count):
    """Let two processes claim the same sends; each send must have exactly one winner."""
    racers = [python(RACE, url, count) for _ in range(2)]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("\n")
        racer.stdin.flush()
    won = [racer.communicate(timeout=60)[0].split() for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0]
    assert sorted(won[0] + won[1]) == sorted(f"send-{n}" for n in range(count))


def test_of_two_processes_exactly_one_gets_each_send(journal, url):
    race(url, 300)


def test_a_try_of_a_dead_process_without_evidence_becomes_unknown(journal, url):
    child = claim_and_die(url, "a")
    assert settle(journal) == {"unknown": 1}
    assert only(journal)["status"] == "unknown"
    assert [row["send_id"] for row in journal.unknowns()] == ["a"]
    assert claim(journal, at=NOW + 1000 * HOUR) is None
    child.wait()


def test_evidence_settles_the_tries_of_a_dead_process(journal, url):
    child = claim_and_die(url, "a", "b", "c")
    assert settle(journal, Witness(a="sent", b="not_sent")) == {
        "sent": 1,
        "deferred": 1,
        "unknown": 1,
    }
    assert claim(journal, "a") is None
    assert claim(journal, "b") == 2
    assert claim(journal, "c") is None
    child.wait()


def test_the_file_sender_has_certain_evidence_for_the_tries_of_a_dead_process(
    journal, url, tmp_path
):
    child = claim_and_die(url, "a", "b")
    folder = tmp_path / "outbox" / "2026-03-02"
    folder.mkdir(parents=True)
    (folder / "a.eml").write_bytes(b"")
    assert settle(journal, FileSender(tmp_path / "outbox")) == {"sent": 1, "deferred": 1}
    child.wait()


def test_another_sender_gives_no_evidence(journal, url):
    child = claim_and_die(url, "a")
    assert settle(journal, Witness("smtp", a="not_sent")) == {"unknown": 1}
    child.wait()


def test_the_tries_of_a_living_process_are_not_settled(journal, url):
    claim(journal, "mine")
    child = python(HANG, url, "theirs")
    assert child.stdout.readline() == "claimed\n"
    assert settle(journal) == {}
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert settle(journal) == {"unknown": 1}


def test_a_try_of_another_machine_without_a_change_counts_as_dead(journal, url):
    claim(journal)
    set_row(url, dispatcher="elsewhere:1:1")
    assert settle(journal) == {}
    old = datetime.now(UTC) - HOUR - timedelta(seconds=1)
    set_row(url, updated_at=old.replace(tzinfo=None).isoformat(" "))
    assert settle(journal) == {"unknown": 1}


def test_a_dispatcher_that_was_settled_as_dead_can_still_record_its_result(journal, url):
    claim(journal)
    set_row(url, dispatcher="elsewhere:1:1", updated_at="2020-01-01 00:00:00.000000")
    assert settle(journal) == {"unknown": 1}
    journal.record("a", 1, Outcome("sent"), finished_at=NOW)
    assert only(journal)["status"] == "sent"


def test_an_operator_settles_unknown_tries_only(journal):
    claim(journal)
    with pytest.raises(JournalError, match="not unknown"):
        journal.settle("a", 1, "sent", "seen in the server's log", now=NOW)
    journal.record("a", 1, Outcome("unknown"), finished_at=NOW)
    journal.settle("a", 1, "sent", "seen in the server's log", now=NOW + HOUR)
    row = only(journal)
    assert (row["status"], row["detail"]) == ("sent", "seen in the server's log")
    assert row["finished_at"] == NOW + HOUR
    assert journal.unknowns() == []


def test_an_unknown_try_settled_as_not_sent_can_be_tried_again(journal):
    claim(journal)
    journal.record("a", 1, Outcome("unknown"), finished_at=NOW)
    journal.settle("a", 1, "deferred", "never reached the server", now=NOW + HOUR)
    assert claim(journal, at=NOW + HOUR) == 2


def test_all_changes_are_read_in_order_whatever_the_clocks_say(journal, url):
    claim(journal, "a")
    claim(journal, "b")
    claim(journal, "c")
    loaded = journal.changed_since()
    assert [row["send_id"] for row in loaded.rows] == ["a", "b", "c"]
    assert (loaded.state.changes, loaded.state.tries) == (3, 3)
    assert all(row["updated_at"].tzinfo is UTC for row in loaded.rows)

    journal.record("a", 1, Outcome("sent"), finished_at=NOW)
    claim(journal, "d")
    # A machine whose clock is a year behind wrote the last changes.
    set_row(url, updated_at="2025-01-01 00:00:00.000000")
    later = journal.changed_since(loaded.state.changes)
    assert [(row["send_id"], row["status"]) for row in later.rows] == [
        ("a", "sent"),
        ("d", "attempting"),
    ]
    assert (later.state.changes, later.state.tries) == (5, 4)
    assert journal.changed_since(5).rows == []


def test_every_kind_of_change_gets_a_number_of_its_own(journal, url):
    numbers = [journal.create().changes]

    def changed():
        [*rows] = journal.changed_since(numbers[-1]).rows
        numbers.append(journal.changed_since().state.changes)
        return [(row["send_id"], row["attempt"], row["status"]) for row in rows]

    claim(journal)
    assert changed() == [("a", 1, "attempting")]
    journal.record("a", 1, Outcome("deferred"), finished_at=NOW, next_try_at=NOW)
    assert changed() == [("a", 1, "deferred")]
    claim(journal)
    assert changed() == [("a", 2, "attempting")]
    set_row(url, dispatcher="elsewhere:1:1", updated_at="2020-01-01 00:00:00.000000")
    settle(journal)
    assert changed() == [("a", 2, "unknown")]
    journal.settle("a", 2, "sent", "seen in the log", now=NOW)
    assert changed() == [("a", 2, "sent")]
    assert numbers == sorted(set(numbers))
    assert claim(journal) is None
    assert changed() == []


@pytest.mark.parametrize("source", ["sqlite", "postgresql"])
def test_a_journal_of_an_earlier_version_gets_numbers_and_a_mark(source, url, request):
    address = url if source == "sqlite" else request.getfixturevalue("postgresql_url")
    old = create_engine(address)
    with old.begin() as connection:
        for table in ("attempts", "journal"):
            connection.execute(text(f"drop table if exists {table}"))
        connection.execute(text(EARLIER))
        connection.execute(text("create index attempts_updated_at on attempts (updated_at)"))
        for send_id, minute in (("late", 9), ("early", 1), ("middle", 5)):
            at = f"2026-03-02 08:0{minute}:00"
            connection.execute(
                text(
                    "insert into attempts values (:s, 1, 'sent', 'file', '<m@x>', null, null, "
                    "null, null, 'h', :at, :at, null, :at, 'elsewhere:1:1')"
                ),
                {"s": send_id, "at": at},
            )
    old.dispose()

    journal = Journal(address)
    state = journal.state()
    assert (state.mark, state.tries) == (None, 3)
    state = journal.create("ours")
    assert state == journal.create("another") == journal.state()
    assert (state.mark, state.changes, state.tries) == ("ours", 3, 3)
    assert [row["send_id"] for row in journal.changed_since().rows] == ["early", "middle", "late"]
    assert claim(journal, "late") is None
    assert claim(journal, "new") == 1
    assert [row["send_id"] for row in journal.changed_since(3).rows] == ["new"]
    journal.close()


def test_a_missing_journal_has_no_state_and_none_is_created(url, tmp_path):
    assert Journal(url).state() is None
    assert [*tmp_path.iterdir()] == []


def test_two_journals_have_different_marks(tmp_path):
    marks = {Journal(f"sqlite:///{tmp_path / name}").create().mark for name in "ab"}
    assert len(marks) == 2


def test_the_file_of_the_journal_is_private_at_every_umask(tmp_path):
    before = os.umask(0)
    try:
        journal = Journal(f"sqlite:///{tmp_path / 'journal.sqlite'}")
        journal.create()
        claim(journal)
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert set(modes) >= {"journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm"}
    assert set(modes.values()) == {0o600}


def test_restored_tries_are_added_and_complete_only_tries_without_a_result(journal, tmp_path):
    record = Journal(f"sqlite:///{tmp_path / 'backup.sqlite'}")
    record.create()
    for send_id in ("lost", "under way", "done"):
        claim(record, send_id)
        record.record(send_id, 1, Outcome("sent", detail="record"), finished_at=NOW)
    for send_id in ("under way", "done", "own"):
        claim(journal, send_id)
    journal.record("done", 1, Outcome("rejected", detail="journal"), finished_at=NOW)
    before = journal.state()

    after = journal.restore(record.changed_since().rows)

    found = {row["send_id"]: (row["status"], row["detail"]) for row in journal.changed_since().rows}
    assert found == {
        "lost": ("sent", "record"),
        "under way": ("sent", "record"),
        "done": ("rejected", "journal"),
        "own": ("attempting", None),
    }
    assert (after.mark, after.tries) == (before.mark, 4)
    assert len(journal.changed_since(before.changes).rows) == 2
    assert journal.restore(record.changed_since().rows) == after
    assert claim(journal, "lost") is None


def test_the_journal_knows_how_many_tries_it_lacks(journal):
    claim(journal)
    assert journal.lacks([("a", 1)]) == 0
    assert journal.lacks([("a", 1), ("a", 2), ("b", 1)]) == 2


def test_counts_are_by_status(journal):
    assert journal.counts() == {}
    for send_id in "abc":
        claim(journal, send_id)
    journal.record("a", 1, Outcome("sent"), finished_at=NOW)
    assert journal.counts() == {"attempting": 2, "sent": 1}


def test_create_makes_the_folder_and_is_safe_to_repeat(tmp_path):
    journal = Journal(f"sqlite:///{tmp_path / 'new' / 'journal.sqlite'}")
    journal.create()
    claim(journal)
    journal.create()
    assert journal.counts() == {"attempting": 1}


def set_row(url, **values):
    """Change the only row without the journal."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for column, value in values.items():
            connection.execute(text(f"update attempts set {column} = :value"), {"value": value})
    engine.dispose()


@pytest.fixture(scope="module")
def postgresql_url(tmp_path_factory):
    """A PostgreSQL server of the tests, on a socket in its own folder."""
    initdb = shutil.which("initdb") or next(
        map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), None
    )
    if initdb is None:
        pytest.skip("PostgreSQL's initdb is not installed (scripts/test-deps.sh)")
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        pytest.skip("PostgreSQL does not run as root, and runuser is not installed")
    # A socket's path must be short, and the server's user needs access to it.
    home = Path(tempfile.mkdtemp(prefix="sendhouse-"))
    as_user = []
    if os.geteuid() == 0:
        shutil.chown(home, "nobody")
        as_user = ["runuser", "-u", "nobody", "--"]
    binaries = Path(initdb).resolve().parent
    data = home / "data"
    ready = subprocess.run(
        [
            *as_user,
            str(binaries / "initdb"),
            "-D",
            str(data),
            "-A",
            "trust",
            "-U",
            "sendhouse",
            "--no-sync",
        ],
        capture_output=True,
        text=True,
        cwd=home,
    )
    if ready.returncode != 0:
        shutil.rmtree(home, ignore_errors=True)
        pytest.skip(f"PostgreSQL's initdb does not work here: {ready.stderr.strip()[-200:]}")
    server = subprocess.Popen(
        [
            *as_user,
            str(binaries / "postgres"),
            "-D",
            str(data),
            "-k",
            str(home),
            "-c",
            "listen_addresses=",
            "-c",
            "fsync=off",
        ],
        cwd=home,
        stderr=subprocess.DEVNULL,
    )
    url = f"postgresql+psycopg://sendhouse@/postgres?host={home}"
    deadline = time.monotonic() + 30
    while True:
        try:
            create_engine(url).connect().close()
            break
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    yield url
    server.terminate()
    server.wait()
    shutil.rmtree(home, ignore_errors=True)


def test_on_postgresql_exactly_one_process_gets_each_send(postgresql_url):
    journal = Journal(postgresql_url)
    journal.create()
    race(postgresql_url, 200)
    journal.close()


def test_on_postgresql_a_reader_sees_changes_in_the_order_of_their_numbers(postgresql_url):
    """A change that commits late has no lower number than a change that was read before."""
    journal = Journal(postgresql_url)
    last = journal.create().changes
    racers = [python(RACE.replace("send-", f"{name}-"), postgresql_url, 60) for name in "xy"]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
        racer.stdin.write("\n")
        racer.stdin.flush()
    seen = []
    while any(racer.poll() is None for racer in racers) or journal.changed_since(last).rows:
        changes = journal.changed_since(last)
        seen += [row["send_id"] for row in changes.rows]
        last = changes.state.changes
    for racer in racers:
        racer.communicate()
    assert sorted(seen) == sorted(f"{name}-{n}" for name in "xy" for n in range(60))
    journal.close()


def test_on_postgresql_a_send_is_deferred_claimed_by_a_dead_process_and_settled(postgresql_url):
    journal = Journal(postgresql_url)
    journal.create()
    child = claim_and_die(postgresql_url, "life")
    assert settle(journal, Witness(life="not_sent"))["deferred"] == 1
    assert claim(journal, "life") == 2
    journal.record("life", 2, Outcome("deferred"), finished_at=NOW, next_try_at=NOW + HOUR)
    assert claim(journal, "life") is None
    assert claim(journal, "life", at=NOW + HOUR) == 3
    rows = [row for row in journal.changed_since().rows if row["send_id"] == "life"]
    assert [row["status"] for row in rows] == ["deferred", "deferred", "attempting"]
    assert rows[1]["next_try_at"] == NOW + HOUR
    assert all(row["started_at"].tzinfo is UTC for row in rows)
    child.wait()
    journal.close()
