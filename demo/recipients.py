"""Simulated recipients that answer the mail in the outbox.

They read the `.eml` files of Sendhouse's file sender. They write the reports of a mail provider,
of tracking links and of the product as files into the landing folder. Earlier reports are read
back from these files, so a repeated call, or a call after a crash, reports no reaction twice.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.utils import parseaddr, parsedate_to_datetime
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from demo.files import json_line, write_lines
from demo.reactions import Acted, Letter, Reaction, react
from demo.timeline import stamp
from senders.links import BadTokenError, Links

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROVIDER = "northwind-demo"
# All reactions to a letter happen within this time.
_FORGOTTEN_AFTER = timedelta(days=25)


def answer_until(
    outbox_dir: Path, landing_dir: Path, until: datetime, links: Links
) -> Counter[str]:
    """Report the reactions to all sent mail before an instant.

    Args:
        outbox_dir: the folder of the file sender's `<date>/<send_id>.eml`.
        landing_dir: the folder in which `tracking/` and `events/` get a new file for new rows.
        until: reactions at or after this instant wait for a later call.
        links: reads the tracking links of these e-mails, with the same base URL and key.

    Returns:
        The numbers of written rows by tracking type and product event.

    Raises:
        ValueError: an `.eml` in the outbox is not from Sendhouse; the message names the file.

    """
    reported = _reported(landing_dir)
    tracking: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    for path, letter in _letters(outbox_dir):
        if not until - _FORGOTTEN_AFTER < letter.sent_at < until:
            continue
        for number, reaction in enumerate(_reactions(path, letter, links)):
            event_id = f"nw-{letter.send_id}-{number:02d}"
            if reaction.at < until and event_id not in reported:
                rows = events if isinstance(reaction, Acted) else tracking
                rows.append(_row(event_id, letter, reaction))
    for folder, rows in (("tracking", tracking), ("events", events)):
        if rows:
            rows.sort(key=lambda row: (row["occurred_at"], row["event_id"]))
            name = f"northwind-answers-{until:%Y-%m-%dT%H%M%SZ}"
            write_lines(_unused(landing_dir / folder, name), map(json_line, rows))
    return Counter(row["type"] for row in tracking) + Counter(row["name"] for row in events)


def _row(event_id: str, letter: Letter, reaction: Reaction) -> dict[str, Any]:
    """Give a reaction in the landing format."""
    if isinstance(reaction, Acted):
        return {
            "event_id": event_id,
            "contact_key": letter.email,
            "name": reaction.name,
            "occurred_at": stamp(reaction.at),
            "properties": reaction.properties,
        }
    return {
        "event_id": event_id,
        "send_id": letter.send_id,
        "email": letter.email,
        "type": reaction.type,
        "occurred_at": reaction.at.isoformat(timespec="milliseconds"),
        "provider": PROVIDER,
        "detail": reaction.detail,
    }


def _reported(landing_dir: Path) -> set[str]:
    """Read the ids of all earlier reports."""
    return {
        json.loads(line)["event_id"]
        for folder in ("tracking", "events")
        for path in (landing_dir / folder).glob("northwind-answers-*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    }


def _unused(folder: Path, name: str) -> Path:
    """Choose an unused file name, because a landed file is never written again."""
    path, number = folder / f"{name}.jsonl", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.jsonl"
    return path


# ── the outbox ───────────────────────────────────────────────────────────────────────────────────


def _letters(outbox_dir: Path) -> Iterator[tuple[Path, Letter]]:
    """Read all mail, oldest first, and count the letters per address."""
    headers = [(path, _headers(path)) for path in outbox_dir.glob("*/*.eml")]
    earlier: Counter[str] = Counter()
    for path, (sent_at, send_id, email) in sorted(headers, key=lambda pair: pair[1]):
        yield path, Letter(send_id, email, sent_at, earlier[email])
        earlier[email] += 1


@cache  # a file in the outbox never changes: it appears by rename
def _headers(path: Path) -> tuple[datetime, str, str]:
    with path.open("rb") as file:
        headers = BytesHeaderParser(policy=policy.compat32).parse(file)
    send_id, date_sent = headers["X-Sendhouse-Send-Id"], headers["Date"]
    _, email = parseaddr(headers["To"] or "")
    if not (send_id and email and date_sent):
        raise ValueError(
            f"{path}: not an e-mail of Sendhouse (X-Sendhouse-Send-Id, To or Date is missing): "
            "move the file away, the outbox is for Sendhouse's file sender only"
        )
    return parsedate_to_datetime(date_sent).astimezone(UTC), send_id, email.lower()


@cache
def _reactions(path: Path, letter: Letter, links: Links) -> tuple[Reaction, ...]:
    return tuple(react(letter, lambda: _targets(path, links)))


def _targets(path: Path, links: Links) -> tuple[str, ...]:
    """Read the target URLs of an e-mail's links, without the tracking."""
    with path.open("rb") as file:
        message = BytesParser(_class=EmailMessage, policy=policy.default).parse(file)
    html = message.get_body(("html",))
    if html is None:
        return ()
    collected = _Hrefs()
    collected.feed(html.get_content())
    leave = f"{links.base_url.rstrip('/')}/u/"
    return tuple(_target(href, links) for href in collected.hrefs if not href.startswith(leave))


def _target(href: str, links: Links) -> str:
    base, _, token = href.rpartition("/c/")
    if base != links.base_url.rstrip("/"):
        return href
    try:
        _, url = links.read_click(token)
    except BadTokenError as error:
        raise ValueError(f"a tracking link was signed with another key: {error}") from error
    return url


class _Hrefs(HTMLParser):
    """Collects the web links of a page in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href") or ""
        if tag == "a" and href.startswith(("http://", "https://")):
            self.hrefs.append(href)
