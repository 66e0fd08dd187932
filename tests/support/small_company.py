"""A company small enough to tick in seconds, in which every kind of decision is due.

The company has 120 contacts of a CRM export and a few strangers. Forty contacts have been silent
for a hundred days, forty have just signed up, thirty were activated long ago. The tick at `FIRST`
sends welcomes and first re-engagement mails. The tick at `SECOND`, a week later, sends follow-ups
and a broadcast, and acts on the answers to the first mails.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support.home import Home

FIRST = datetime(2026, 3, 10, 7, tzinfo=UTC)
SECOND = datetime(2026, 3, 17, 10, tzinfo=UTC)

SILENT = range(1, 41)
NEW = range(41, 81)
ACTIVE = range(81, 111)
BUYERS = range(111, 121)
_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "")
_CONSENT = {0: "false", 1: ""}


def address(number: int) -> str:
    return f"person.{number:03}@example.org"


def stranger(number: int) -> str:
    return f"stranger.{number}@example.net"


def write_history(home: Home) -> None:
    """Write the files that the tick at `FIRST` reads."""
    _export(home, "people.csv", {number: address(number) for number in range(1, 121)})
    home.land(
        "events/history.jsonl",
        [
            *(_event(n, "logged_in", FIRST - timedelta(days=100)) for n in SILENT),
            *(_event(n, "signed_up", FIRST - timedelta(hours=5)) for n in NEW),
            *(_event(n, "signed_up", FIRST - timedelta(days=40)) for n in ACTIVE),
            *(_event(n, "activated", FIRST - timedelta(days=35)) for n in ACTIVE),
            *(_event(n, "logged_in", FIRST - timedelta(days=2)) for n in ACTIVE),
            *(_event(n, "purchase_completed", FIRST - timedelta(days=n), amount=n) for n in BUYERS),
            *(_sign_up(stranger(n), FIRST - timedelta(hours=1)) for n in range(5)),
        ],
    )


def write_news(home: Home) -> None:
    """Write the new files for the tick at `SECOND`, including the answers to the first mails."""
    # The export gives a buyer the address of a stranger: the two contacts are merged.
    _export(home, "corrected.csv", {BUYERS[0]: stranger(0)})
    home.land(
        "events/news.jsonl",
        [
            *(_sign_up(f"visitor.{n}@example.net", SECOND - timedelta(hours=2)) for n in range(10)),
            *(_event(n, "activated", FIRST + timedelta(days=2)) for n in NEW[:10]),
            *(_event(n, "logged_in", FIRST + timedelta(days=3)) for n in SILENT[-6:]),
        ],
        more='{"event_id": "torn", "contact_',
    )
    sends = home.rows("select contact_id, send_id from delivery.send_queue order by all")
    answers = {
        51: ("unsubscribed", {}),
        52: ("complained", {}),
        53: ("bounced", {"bounce_type": "hard"}),
        54: ("replied", {}),
        3: ("replied", {}),
        4: ("unsubscribed", {}),
    }
    tracking = []
    for contact_id, send_id in sends:
        tracking.append(_tracking(send_id, "delivered", timedelta(seconds=5)))
        number = int(contact_id[1:]) if contact_id[0] == "p" else 0
        if number % 3 == 0:
            tracking.append(_tracking(send_id, "opened", timedelta(minutes=9), user_agent="Mail/1"))
        if number % 9 == 0:
            url = "https://app.northwind.example/setup"
            tracking.append(_tracking(send_id, "clicked", timedelta(minutes=10), url=url))
        if number in answers:
            kind, detail = answers[number]
            tracking.append(_tracking(send_id, kind, timedelta(hours=1), **detail))
    home.land("tracking/answers.jsonl", tracking)


def _export(home: Home, name: str, addresses: dict[int, str]) -> None:
    path = home.folder / "landing" / "crm" / "standard" / "contacts" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["contact_id,email,first_name,country,timezone,marketing_consent,created_at"]
    for number, email in addresses.items():
        consent = _CONSENT.get(number % 20, "true")
        zone = _ZONES[number % len(_ZONES)]
        lines.append(f"p{number:03},{email},Person {number},DE,{zone},{consent},2025-06-01")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _event(number: int, name: str, at: datetime, **properties: Any) -> dict[str, Any]:
    return {
        "event_id": f"{name}-{number}-{at:%Y%m%d}",
        "contact_key": f"p{number:03}",
        "name": name,
        "occurred_at": at.isoformat(),
        "properties": properties,
    }


def _sign_up(email: str, at: datetime) -> dict[str, Any]:
    return {
        "event_id": f"signed_up-{email}",
        "contact_key": email,
        "name": "signed_up",
        "occurred_at": at.isoformat(),
        "properties": {"marketing_consent": True},
    }


def _tracking(send_id: str, kind: str, after: timedelta, **detail: Any) -> dict[str, Any]:
    return {
        "event_id": f"{kind}-{send_id}",
        "send_id": send_id,
        "type": kind,
        "occurred_at": (FIRST + after).isoformat(),
        "provider": "test",
        "detail": detail,
    }
