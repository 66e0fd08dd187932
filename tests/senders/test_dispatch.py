import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from senders.base import Outcome, SenderUnavailableError
from senders.dispatch import dispatch
from senders.file import FileSender
from senders.guard import Guard
from senders.smtp import SmtpSender
from tests.senders.senders_support import NOW, make_send, parse, write_templates

HERE = Path(__file__).resolve().parent
HOUR = timedelta(hours=1)


class Script:
    """A sender with a scripted outcome per send, for outcomes that a real server cannot produce."""

    name = "script"
    supports_smtputf8 = False

    def __init__(self, connections=1, default="sent", **outcomes):
        self.connections = connections
        self.default = default
        self.outcomes = outcomes
        self.got = []
        self.opened = self.closed = 0

    async def open(self):
        self.opened += 1

    async def close(self):
        self.closed += 1

    async def send(self, *, envelope_from, recipient, message_id, data, send_id):
        self.got.append(send_id)
        await asyncio.sleep(0)
        outcome = self.outcomes.get(send_id, self.default)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome if isinstance(outcome, Outcome) else Outcome(outcome)

    def evidence(self, send_id, message_id):
        return None


@pytest.fixture
def run(journal, templates, identity, links):
    """Dispatch sends at a given time; return the report."""

    def run(sends, sender, *, at=NOW, recheck=lambda send: None, max_attempts=3, unanswered=0):
        return asyncio.run(
            dispatch(
                sends,
                sender=sender,
                journal=journal,
                templates=templates,
                identity=identity,
                links=links,
                clock=lambda: at,
                max_attempts=max_attempts,
                retry_minutes=15,
                recheck=recheck,
                guard=Guard(unanswered=unanswered),
            )
        )

    return run


def rows(journal):
    return {(row["send_id"], row["attempt"]): row for row in journal.changed_since().rows}


def test_due_sends_become_files_and_journal_rows(run, journal, tmp_path):
    sends = [make_send(f"s{n}", email=f"jo{n}@example.org") for n in range(3)]
    report = run(sends, FileSender(tmp_path / "outbox"))
    assert (report.sent, report.problems, dict(report.skipped)) == (3, [], {})
    files = sorted((tmp_path / "outbox" / "2026-03-02").iterdir())
    assert [str(parse(file.read_bytes())["To"]) for file in files] == [
        "jo0@example.org", "jo1@example.org", "jo2@example.org",
    ]  # fmt: skip
    row = rows(journal)["s0", 1]
    assert (row["status"], row["sender"], row["message_id"]) == (
        "sent", "file", "<s0@northwind.example>",
    )  # fmt: skip
    assert row["started_at"] == row["finished_at"] == NOW
    assert row["provider_message_id"] == "2026-03-02/s0.eml"


def test_dispatching_again_sends_nothing_twice(run, tmp_path):
    sends = [make_send(f"s{n}") for n in range(3)]
    run(sends, FileSender(tmp_path))
    report = run(sends, FileSender(tmp_path), at=NOW + HOUR)
    assert (report.sent, dict(report.skipped)) == (0, {"journal": 3})


def test_expired_and_rechecked_sends_are_skipped_by_reason_and_leave_no_try(run, journal):
    sender = Script()
    sends = [
        make_send("late", expires_at=NOW),
        make_send("gone", contact_id="left"),
        make_send("good"),
    ]
    report = run(
        sends, sender, recheck=lambda send: "unsubscribed" if send.contact_id == "left" else None
    )
    assert dict(report.skipped) == {"expired": 1, "unsubscribed": 1}
    assert sender.got == ["good"]
    assert list(rows(journal)) == [("good", 1)]


def test_the_sender_stays_closed_when_no_send_is_due(run):
    sender = Script()
    assert run([], sender).sent == 0
    assert sender.opened == 0


def test_one_bad_send_never_stops_the_others(run, journal, templates, tmp_path):
    write_templates(tmp_path / "templates", activation__broken__mjml="---\nsubject: x\n---\n<p>")
    sends = [
        make_send("a", email="no address"),
        make_send("b", email="jürgen@example.org"),
        make_send("c", template="activation/nowhere"),
        make_send("d", personalization={}),
        make_send("e", template="activation/broken"),
        make_send("f", expires_at=NOW + HOUR),
        make_send("g"),
        make_send("h"),
    ]
    refusal = Outcome("rejected", None, 550, "recipient", "550 5.1.1 no")
    report = run(sends, Script(f=refusal, g="unknown"))
    assert (report.sent, report.failed, report.rejected, report.unknown) == (1, 5, 1, 1)
    assert {(p.send_id, p.status) for p in report.problems} == {
        *((send_id, "failed") for send_id in "abcde"), ("f", "rejected"), ("g", "unknown"),
    }  # fmt: skip
    details = {problem.send_id: problem.detail for problem in report.problems}
    assert "not an e-mail address" in details["a"]
    assert "SMTPUTF8" in details["b"]
    assert "activation/nowhere" in details["c"]
    assert "templates/activation/welcome.mjml:2" in details["d"]
    assert "MJML" in details["e"]
    again = {send_id: row["next_try_at"] for (send_id, _), row in rows(journal).items()}
    assert again["a"] is None, "no later try can change the address"
    assert {again[one] for one in "bcde"} == {NOW + timedelta(minutes=15)}


@pytest.mark.parametrize(
    "email",
    [
        "jo@x.test",
        "jo@test",
        "jo@x.invalid",
        "jo@localhost",
        "jo@printer.local",
        "jo@server",
        "jo@x.onion",
        "jo@[192.0.2.1]",
        "jo@x..org",
        "jo@-x.org",
        "jo@x_y.org",
        "@x.org",
        "jo",
        "",
    ],
)
def test_an_address_that_can_never_be_mailed_is_final(run, journal, email):
    report = run([make_send("a", email=email)], Script())
    row = rows(journal)["a", 1]
    assert (report.failed, row["status"], row["fault"]) == (1, "failed", "recipient")
    assert row["next_try_at"] is None
    assert dict(run([make_send("a", email=email)], Script(), at=NOW + HOUR).skipped) == {
        "journal": 1
    }


def test_the_wait_of_a_deferred_send_doubles_until_its_tries_are_used_up(run, journal):
    sender = Script(default=Outcome("deferred", None, 450, "transient", "450 later"))
    minutes = lambda number: timedelta(minutes=number)  # noqa: E731
    assert run([make_send("a")], sender).deferred == 1
    assert rows(journal)["a", 1]["next_try_at"] == NOW + minutes(15)
    assert dict(run([make_send("a")], sender, at=NOW + minutes(14)).skipped) == {"journal": 1}
    assert run([make_send("a")], sender, at=NOW + minutes(15)).deferred == 1
    assert rows(journal)["a", 2]["next_try_at"] == NOW + minutes(15 + 30)
    last = run([make_send("a")], sender, at=NOW + HOUR)
    assert (last.deferred, last.failed) == (0, 1)
    row = rows(journal)["a", 3]
    assert (row["status"], row["smtp_code"], row["next_try_at"]) == ("failed", 450, None)
    assert row["detail"] == "given up after 3 tries: 450 later"
    assert dict(run([make_send("a")], sender, at=NOW + 9 * HOUR).skipped) == {"journal": 1}
    assert len(sender.got) == 3


def test_a_send_with_a_repaired_template_is_sent_at_the_next_try(run, journal, tmp_path):
    send = make_send("a", personalization={})
    assert run([send], Script()).failed == 1
    repaired = make_send("a")
    assert run([repaired], Script(), at=NOW + timedelta(minutes=15)).sent == 1
    assert [row["status"] for row in rows(journal).values()] == ["failed", "sent"]


def test_an_unavailable_server_defers_claimed_sends_and_leaves_the_others_untouched(run, journal):
    sender = Script(s1=SenderUnavailableError("mail server x cannot be used"))
    with pytest.raises(SenderUnavailableError, match="cannot be used"):
        run([make_send(f"s{n}") for n in range(100)], sender)
    assert {key: row["status"] for key, row in rows(journal).items()} == {
        ("s0", 1): "sent",
        ("s1", 1): "deferred",
    }
    assert sender.closed == 1


def test_an_unavailable_server_at_the_start_uses_up_no_try(run, journal):
    smtp = SmtpSender(host="127.0.0.1", port=9, security="none", connections=2, timeout_seconds=2)
    with pytest.raises(SenderUnavailableError):
        run([make_send("a")], smtp)
    assert rows(journal) == {}


def test_after_a_bug_in_one_send_the_others_finish_and_that_send_is_unknown(run, journal):
    sender = Script(connections=3, s1=RuntimeError("a bug"))
    with pytest.raises(RuntimeError, match="a bug"):
        run([make_send(f"s{n}") for n in range(50)], sender)
    statuses = {key[0]: row["status"] for key, row in rows(journal).items()}
    assert statuses.pop("s1") == "unknown"
    assert set(statuses.values()) == {"sent"}
    assert len(statuses) < 10
    assert sender.closed == 1


class Witness(Script):
    """A sender that fails in the middle of a message and can prove what happened."""

    def __init__(self, evidence):
        super().__init__(default=OSError(28, "No space left on device"))
        self.proof = evidence

    def evidence(self, send_id, message_id):
        return self.proof


@pytest.mark.parametrize(
    ("evidence", "status"), [("not_sent", "deferred"), ("sent", "sent"), (None, "unknown")]
)
def test_a_failed_message_is_settled_by_the_sender_s_evidence(run, journal, evidence, status):
    with pytest.raises(OSError, match="No space left"):
        run([make_send("a"), make_send("b")], Witness(evidence))
    assert {key: row["status"] for key, row in rows(journal).items()} == {("a", 1): status}


def test_a_full_outbox_leaves_every_send_due(run, journal, tmp_path, monkeypatch):
    written = []

    def fill(handle):
        written.append(handle)
        if len(written) > 5:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("senders.file.os.fsync", fill)
    sends = [make_send(f"s{n}") for n in range(6)]
    with pytest.raises(SenderUnavailableError, match="No space left on device"):
        run(sends, FileSender(tmp_path / "outbox"))
    assert "unknown" not in journal.counts()
    monkeypatch.undo()
    run(sends, FileSender(tmp_path / "outbox"), at=NOW + HOUR)
    assert journal.counts()["sent"] == 6
    assert len(list((tmp_path / "outbox").rglob("*.eml"))) == 6


# ── when a dispatch stops ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("connections", [1, 2, 3, 50])
def test_a_server_without_answers_gets_only_a_few_messages(run, journal, connections):
    sends = [make_send(f"s{n}") for n in range(500)]
    with pytest.raises(SenderUnavailableError, match=r"3 messages in a row .*\.unknown_sends"):
        run(sends, Script(connections, default="unknown"))
    assert journal.counts() == {"unknown": 3}


def test_a_message_that_never_left_is_no_answer(run, journal):
    lost = Outcome("deferred", None, None, "transient", "the connection was lost")
    outcomes = {f"s{n}": lost if n % 2 else "unknown" for n in range(500)}
    with pytest.raises(SenderUnavailableError):
        run([make_send(f"s{n}") for n in range(500)], Script(**outcomes))
    assert journal.counts() == {"unknown": 3, "deferred": 2}


def test_unanswered_messages_between_answered_ones_stop_nothing(run, journal):
    pattern = [
        "unknown",
        "unknown",
        "sent",
        "unknown",
        "unknown",
        Outcome("rejected", fault="sender"),
    ]
    sends = [make_send(f"s{n}", email=f"jo@x{n}.org") for n in range(60)]
    report = run(sends, Script(**{f"s{n}": pattern[n % 6] for n in range(60)}))
    assert (report.unknown, report.sent, report.rejected) == (40, 10, 10)


def test_a_server_that_stops_answering_gets_no_more_messages_than_are_under_way(run, journal):
    outcomes = {f"s{n}": "sent" for n in range(100)}
    sender = Script(connections=8, default="unknown", **outcomes)
    with pytest.raises(SenderUnavailableError):
        run([make_send(f"s{n}") for n in range(500)], sender)
    assert journal.counts()["sent"] == 100
    assert journal.counts()["unknown"] <= 8


def test_the_next_dispatch_tries_one_message_on_a_server_without_answers(run, journal):
    sends = [make_send(f"s{n}") for n in range(50)]
    for tries in (3, 4, 5):
        with pytest.raises(SenderUnavailableError):
            run(sends, Script(connections=10, default="unknown"), unanswered=journal.unanswered())
        assert journal.counts() == {"unknown": tries}
    assert run(sends, Script(connections=10), unanswered=journal.unanswered()).sent == 45
    assert journal.unanswered() == 0


def test_a_provider_that_refuses_everything_gets_no_more_mail_in_this_dispatch(run, journal):
    refused = Outcome("rejected", None, 550, "sender", "550 no")
    at = ["gmail.com", "googlemail.com", "x.org"]
    sends = [make_send(f"s{n}", email=f"jo{n}@{at[n % 3]}") for n in range(90)]
    outcomes = {f"s{n}": "sent" if n % 3 == 2 else refused for n in range(90)}
    report = run(sends, Script(**outcomes))
    assert (report.rejected, report.sent) == (10, 30)
    assert dict(report.skipped) == {"google refused 10 messages in a row": 50}
    assert len(rows(journal)) == 40


def test_refusals_between_accepted_messages_stop_nothing(run):
    refused = Outcome("rejected", None, 550, "recipient", "550 5.1.1 no")
    outcomes = {f"s{n}": refused for n in range(100) if n % 10}
    report = run([make_send(f"s{n}") for n in range(100)], Script(**outcomes))
    assert (report.rejected, report.sent) == (90, 10)


def test_a_cancelled_dispatch_leaves_no_try_in_progress(journal, templates, identity, links):
    class Slow(Script):
        async def send(self, **message):
            self.got.append(message["send_id"])
            await asyncio.sleep(60)

    async def cancelled():
        sender = Slow(connections=2)
        task = asyncio.create_task(
            dispatch(
                [make_send(f"s{n}") for n in range(5)],
                sender=sender, journal=journal, templates=templates, identity=identity,
                links=links, clock=lambda: NOW, max_attempts=3, retry_minutes=15,
                recheck=lambda send: None,
            )
        )  # fmt: skip
        while len(sender.got) < 2:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert journal.counts() == {"unknown": 2}


# ── over SMTP, with real processes ───────────────────────────────────────────────────────────────


@pytest.fixture
def start_dispatcher(tmp_path, templates, journal):
    """Start `overlapping_dispatcher.py` on this test's journal and templates."""
    write_templates(
        tmp_path / "templates",
        activation__welcome__mjml=(
            '---\nsubject: "Hi"\n---\n<mjml><mj-body><mj-section><mj-column><mj-text>'
            '{{ identity.postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a>'
            "</mj-text></mj-column></mj-section></mj-body></mjml>"
        ),
    )
    running = []

    def start(port, count, *timeout):
        process = subprocess.Popen(
            [
                sys.executable,
                str(HERE / "overlapping_dispatcher.py"),
                tmp_path,
                str(port),
                str(count),
                *map(str, timeout),
            ],
            env={**os.environ, "PYTHONPATH": f"{HERE}:{HERE.parents[1]}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()


def go(*processes):
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()


@pytest.mark.postfix
def test_overlapping_dispatchers_send_each_message_once(smtp_sink, start_dispatcher, journal):
    count = 200
    sink = smtp_sink()
    dispatchers = [start_dispatcher(sink.port, count) for _ in range(2)]
    go(*dispatchers)
    sent = [int(process.communicate(timeout=100)[0]) for process in dispatchers]
    assert sum(sent) == count
    assert sink.send_ids() == [f"send-{number:04}" for number in range(count)]
    assert journal.counts() == {"sent": count}


@pytest.mark.postfix
def test_a_server_that_drops_every_connection_after_the_dot_gets_three_messages(
    smtp_sink, run, journal
):
    sink = smtp_sink("-q", ".")
    smtp = SmtpSender(
        host="127.0.0.1", port=sink.port, security="none", connections=4, timeout_seconds=5
    )
    with pytest.raises(SenderUnavailableError, match="without an answer"):
        run([make_send(f"send-{number:04}") for number in range(500)], smtp)
    assert sink.send_ids() == sorted(row["send_id"] for row in journal.unknowns())
    assert journal.counts() == {"unknown": 3}


def test_a_dispatcher_that_was_stopped_reads_the_answers_that_came_in_time(
    start_dispatcher, journal
):
    """SIGSTOP while the server accepts the message; SIGCONT after the timeout."""
    timeout = 1
    listening = socket.create_server(("127.0.0.1", 0))
    victim = start_dispatcher(listening.getsockname()[1], 1, timeout)
    go(victim)
    spoken = []
    for connection in [listening.accept()[0] for _ in range(3)]:
        connection.sendall(b"220 x\r\n")
        assert connection.recv(999).startswith(b"EHLO")
        connection.sendall(b"250-x\r\n250 PIPELINING\r\n")
        spoken.append(connection)
    [smtp], _, _ = select.select(spoken, [], [], 5)
    assert smtp.recv(999).endswith(b"DATA\r\n")
    smtp.sendall(b"250 a\r\n250 b\r\n354 go\r\n")
    heard = b""
    while not heard.endswith(b"\r\n.\r\n"):
        heard += smtp.recv(99999)
    time.sleep(timeout / 4)  # the dispatcher waits for the answer now
    victim.send_signal(signal.SIGSTOP)
    smtp.sendall(b"250 queued as Q1\r\n")
    time.sleep(timeout)
    victim.send_signal(signal.SIGCONT)
    assert smtp.recv(999) == b"RSET\r\n"
    for connection in spoken:
        connection.close()
    assert victim.communicate(timeout=20)[0] == "1\n"
    [row] = rows(journal).values()
    assert (row["status"], row["provider_message_id"]) == ("sent", "Q1")


@pytest.mark.postfix
@pytest.mark.parametrize("wait", [0.05, 0.2, 0.4])
def test_a_killed_dispatcher_doubles_and_loses_no_send(
    smtp_sink, start_dispatcher, run, journal, wait
):
    count = 300
    sink = smtp_sink()
    victim = start_dispatcher(sink.port, count)
    go(victim)
    while not journal.counts():
        time.sleep(0.005)
    time.sleep(wait)
    victim.kill()
    victim.wait()
    smtp = SmtpSender(
        host="127.0.0.1", port=sink.port, security="none", connections=3, timeout_seconds=20
    )
    report = run([make_send(f"send-{number:04}") for number in range(count)], smtp)
    arrived = sink.send_ids()
    assert len(arrived) == len(set(arrived))
    uncertain = {row["send_id"] for row in journal.unknowns()}
    assert report.settled["unknown"] == len(uncertain) <= 3
    by_status = {row["send_id"]: row["status"] for row in journal.changed_since().rows}
    assert len(by_status) == count
    assert {send_id for send_id, status in by_status.items() if status == "sent"} <= set(arrived)
    assert set(arrived) | uncertain == set(by_status)
    assert journal.counts() == {"sent": count - len(uncertain)} | (
        {"unknown": len(uncertain)} if uncertain else {}
    )
