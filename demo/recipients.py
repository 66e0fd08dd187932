"""Recipients who answer the mail that is in the outbox.

They read the `.eml` files that Sendhouse's file sender wrote, and leave what a mail provider, the
tracking links and the product would report as files in the landing folder. What has been reported
is read back from those files: asking twice, or going on after a crash, reports nothing twice.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.utils import parseaddr, parsedate_to_datetime
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from demo.files import json_line, write_lines
from demo.reactions import Acted, Letter, Reaction, react
from demo.timeline import midnight, stamp
from senders.links import BadTokenError, Links

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROVIDER = "northwind-demo"
# By then a letter has had all the consequences that it will have.
_FORGOTTEN_AFTER = timedelta(days=25)


def answer(outbox_dir: Path, landing_dir: Path, day: date, links: Links) -> Counter[str]:
    """Report what the mail sent so far has set off by the end of a day (UTC).

    Args:
        outbox_dir: where the file sender writes `<date>/<send_id>.eml`.
        landing_dir: where `tracking/` and `events/` get one new file each, if there is news.
        day: the day that is over.
        links: reads the tracking links of these e-mails: the same base URL and key.

    Returns:
        How many rows of each tracking type and product event were written.

    Raises:
        ValueError: an `.eml` in the outbox is not from Sendhouse; the message names it.

    """
    return answer_until(outbox_dir, landing_dir, midnight(day + timedelta(days=1)), links)


def answer_until(
    outbox_dir: Path, landing_dir: Path, until: datetime, links: Links
) -> Counter[str]:
    """Do what `answer` does up to any instant, for several ticks a day."""
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
    """Read the ids of everything reported before."""
    return {
        json.loads(line)["event_id"]
        for folder in ("tracking", "events")
        for path in (landing_dir / folder).glob("northwind-answers-*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    }


def _unused(folder: Path, name: str) -> Path:
    """Choose a file name that is free: a landed file is never written again."""
    path, number = folder / f"{name}.jsonl", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.jsonl"
    return path


# ── the outbox ───────────────────────────────────────────────────────────────────────────────────


def _letters(outbox_dir: Path) -> Iterator[tuple[Path, Letter]]:
    """Read all mail, oldest first, counting what each address has got."""
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
            "the outbox is for Sendhouse's file sender alone, move the file away"
        )
    return parsedate_to_datetime(date_sent).astimezone(UTC), send_id, email.lower()


@cache
def _reactions(path: Path, letter: Letter, links: Links) -> tuple[Reaction, ...]:
    return tuple(react(letter, lambda: _targets(path, links)))


def _targets(path: Path, links: Links) -> tuple[str, ...]:
    """Read where the links of an e-mail lead, behind the tracking."""
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
