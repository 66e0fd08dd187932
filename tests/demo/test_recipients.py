import asyncio
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from demo import recipients
from demo.reactions import Letter, react
from demo.recipients import answer_until
from demo.timeline import midnight
from senders.file import FileSender
from senders.links import Links
from senders.message import compose, message_id
from senders.model import Identity, Send
from senders.rendering import Templates

DAY = date(2026, 3, 10)
LINKS = Links("http://127.0.0.1:8025", "a key for tests")
IDENTITY = Identity(
    "Ada at Northwind", "ada@northwind.example", None, "12 Harbour Street", "list.northwind.example"
)
TEMPLATES = Templates(Path(__file__).parents[2] / "templates")
PERSONALIZATION = {
    "first_name": "Zoë",
    "company_name": "Müller & Söhne",
    "owner_name": "",
    "owner_email": "",
}

Post = Callable[..., None]


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    return tmp_path / "landing"


@pytest.fixture
def post(outbox: Path) -> Post:
    """Send e-mails through the real file sender."""

    def post(numbers: range, at: datetime, template: str = "activation/welcome") -> None:
        sender = FileSender(outbox)
        for number in numbers:
            send = Send(
                send_id=f"{template.split('/')[1]}-{number}",
                contact_id=str(number),
                email=f"o'neil.{number}@company{number % 90}.example",
                sequence="activation",
                step=template.split("/")[1],
                variant="default",
                template=template,
                scheduled_at=at,
                expires_at=at + timedelta(days=1),
                priority=1,
                personalization=PERSONALIZATION,
            )
            data = compose(send, TEMPLATES, IDENTITY, LINKS, at)
            asyncio.run(
                sender.send(
                    envelope_from="ada@northwind.example",
                    recipient=send.email,
                    message_id=message_id(send, IDENTITY),
                    data=data,
                    send_id=send.send_id,
                )
            )

    return post


def rows(folder: Path) -> list[dict]:
    return [
        json.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def answer(outbox: Path, landing: Path, day: date, links: Links) -> Counter[str]:
    """Report all reactions up to the end of a day."""
    return answer_until(outbox, landing, midnight(day + timedelta(days=1)), links)


def morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 8, 0, tzinfo=UTC)


def test_an_empty_outbox_gets_no_answer(outbox: Path, landing: Path) -> None:
    assert not answer(outbox, landing, DAY, LINKS)
    assert not landing.exists()


def test_only_mail_in_the_outbox_is_answered(outbox: Path, landing: Path, post: Post) -> None:
    post(range(60), morning(DAY))
    counted = answer(outbox, landing, DAY, LINKS)
    tracking = rows(landing / "tracking")
    assert {row["send_id"] for row in tracking} == {f"welcome-{n}" for n in range(60)}
    assert counted["delivered"] + counted["bounced"] >= 57
    assert sum(counted.values()) == len(tracking) + len(rows(landing / "events"))
    for row in tracking:
        number = row["send_id"].split("-")[1]
        assert row["email"] == f"o'neil.{number}@company{int(number) % 90}.example"
        assert row["provider"] == "northwind-demo"


def test_a_repeated_call_reports_no_answer_twice(outbox: Path, landing: Path, post: Post) -> None:
    post(range(40), morning(DAY))
    answer(outbox, landing, DAY, LINKS)
    before = sorted(landing.rglob("*"))
    # Without caches, earlier answers are known from the files only, as in a new process.
    recipients._headers.cache_clear()
    recipients._reactions.cache_clear()
    assert not answer(outbox, landing, DAY, LINKS)
    assert sorted(landing.rglob("*")) == before


def test_mail_sent_after_the_first_answer_of_a_day_is_answered_too(
    outbox: Path, landing: Path, post: Post
) -> None:
    post(range(20), morning(DAY))
    answer(outbox, landing, DAY, LINKS)
    (first,) = (landing / "tracking").iterdir()
    content = first.read_bytes()
    post(range(20, 40), morning(DAY) + timedelta(hours=6))
    answer(outbox, landing, DAY, LINKS)
    assert first.read_bytes() == content
    tracking = rows(landing / "tracking")
    assert len({row["event_id"] for row in tracking}) == len(tracking)
    assert {row["send_id"] for row in tracking} == {f"welcome-{n}" for n in range(40)}


def test_each_reaction_is_reported_after_its_time_and_all_are_reported_in_the_end(
    outbox: Path, landing: Path, post: Post
) -> None:
    post(range(250), morning(DAY))
    for hours in range(6, 24 * 16, 6):
        until = morning(DAY) + timedelta(hours=hours)
        answer_until(outbox, landing, until, LINKS)
        tracking, events = rows(landing / "tracking"), rows(landing / "events")
        times = [datetime.fromisoformat(row["occurred_at"]) for row in [*tracking, *events]]
        assert max(times) < until
    setup = ("https://app.northwind.example/setup",)
    expected = sum(
        len(react(Letter(send_id, email, morning(DAY)), lambda: setup))
        for send_id, email in {(row["send_id"], row["email"]) for row in tracking}
    )
    assert len(tracking) + len(events) == expected
    assert len(events) > 10


def test_a_click_is_reported_with_the_page_and_not_the_tracking_link(
    outbox: Path, landing: Path, post: Post
) -> None:
    post(range(150), morning(DAY), "activation/talk_to_us")
    answer(outbox, landing, DAY + timedelta(days=6), LINKS)
    clicks = [row for row in rows(landing / "tracking") if row["type"] == "clicked"]
    assert clicks
    assert {row["detail"]["url"] for row in clicks} == {"https://app.northwind.example/calendar"}
    assert all(row["detail"]["user_agent"] for row in clicks)
    bookings = [row for row in rows(landing / "events") if row["name"] == "demo_booked"]
    assert {row["contact_key"] for row in bookings} <= {row["email"] for row in clicks}
    assert bookings


def test_links_signed_with_another_key_are_an_error(
    outbox: Path, landing: Path, post: Post
) -> None:
    post(range(100), morning(DAY))
    with pytest.raises(ValueError, match="signed with another key"):
        answer(outbox, landing, DAY + timedelta(days=6), Links(LINKS.base_url, "another"))


def test_earlier_mail_to_the_same_person_is_counted(
    outbox: Path, landing: Path, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}
    monkeypatch.setattr(
        recipients, "react", lambda letter, _: seen.update({letter.send_id: letter.earlier}) or []
    )
    post(range(2), morning(DAY), "activation/setup_help")
    post(range(1), morning(DAY) - timedelta(days=2))
    answer(outbox, landing, DAY, LINKS)
    assert seen == {"welcome-0": 0, "setup_help-0": 1, "setup_help-1": 0}


def test_a_foreign_file_in_the_outbox_is_named(outbox: Path, landing: Path) -> None:
    message = EmailMessage()
    message["To"], message["Date"] = "a@b.example", "Tue, 10 Mar 2026 08:00:00 +0000"
    path = outbox / "2026-03-10" / "holiday.eml"
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(message))
    with pytest.raises(ValueError, match=r"holiday\.eml: not an e-mail of Sendhouse"):
        answer(outbox, landing, DAY, LINKS)
