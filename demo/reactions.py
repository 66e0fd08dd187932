"""The reactions to one e-mail: from the mail server, from machines that prefetch, from a person.

The same letter always has the same reactions. The send id decides the reactions to this e-mail,
and the address decides the kind of recipient.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

APP_HOST = "app.northwind.example"

# Shares of all addresses.
DEAD = 0.018
ON_APPLE_MAIL = 0.35
BEHIND_SCANNER = 0.05  # of all domains
# Shares of all letters.
MAILBOX_FULL = 0.012
GREYLISTED = 0.02
OUT_OF_OFFICE = 0.02
READ = 0.43
COMPLAINT = 0.0005
# Shares of the letters that are read.
CLICK = 0.21
REPLY = 0.03
UNSUBSCRIBE = 0.014
# Each earlier letter to the same person reduces the interest in the next letter.
FADING = 0.84

_BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/145.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/26.1 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
)
# Gmail's proxy fetches images when a person looks at the e-mail: this is a human open.
_GMAIL_PROXY = (
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
)
# Apple's Mail Privacy Protection sends only this user agent, from an iCloud Private Relay address.
_APPLE_PREFETCH = "Mozilla/5.0"
_SCANNERS = (
    "BarracudaCentral/1.0 (link scanner)",
    "Mozilla/5.0 (compatible; Proofpoint URL Defense)",
    "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)",
)
_REPLIES = (
    "Thanks, could somebody from your team call me on Thursday?",
    "We are still waiting for access to our warehouse. Will try again next week.",
    "Does the alerting also work with our own shift calendar?",
    "Not a priority at the moment, please get back to me after the summer.",
)


@dataclass(frozen=True)
class Letter:
    """An e-mail that reached the outbox.

    Attributes:
        send_id: from X-Sendhouse-Send-Id.
        email: the recipient.
        sent_at: its Date (UTC).
        earlier: the number of earlier letters to the same address.

    """

    send_id: str
    email: str
    sent_at: datetime
    earlier: int = 0


@dataclass(frozen=True)
class Tracked:
    """A row for `landing/tracking/`: an event at a mail server or a tracking link."""

    type: str
    at: datetime
    detail: dict[str, Any]


@dataclass(frozen=True)
class Acted:
    """A row for `landing/events/`: an event in the product after a click."""

    name: str
    at: datetime
    properties: dict[str, Any]


Reaction = Tracked | Acted
ReadLinks = Callable[[], Sequence[str]]


def is_dead(email: str) -> bool:
    """Whether mail to this address always bounces, because the person has left."""
    return random.Random(f"address/{email}").random() < DEAD


def react(letter: Letter, read_links: ReadLinks) -> list[Reaction]:
    """Make all reactions to a letter, in the order of time.

    Args:
        letter: the e-mail.
        read_links: gives the targets of the links, in their order; the first link is the main one.
            It is called only when a recipient or machine follows a link, because reading is slow.

    """
    rng = random.Random(f"letter/{letter.send_id}")
    if is_dead(letter.email):
        return [_hard_bounce(rng, letter)]
    if rng.random() < MAILBOX_FULL:
        return [_mailbox_full(rng, letter)]
    delivered_at = letter.sent_at + timedelta(seconds=rng.uniform(1, 20))
    reactions: list[Reaction] = []
    if rng.random() < GREYLISTED:
        reactions.append(_deferral(rng, letter))
        delivered_at += timedelta(minutes=rng.uniform(6, 40))
    reactions.append(Tracked("delivered", delivered_at, {"smtp_code": 250, "status": "2.0.0"}))
    reactions += _machines(rng, letter, read_links, delivered_at)
    reactions += _person(rng, letter, read_links, delivered_at)
    return sorted(reactions, key=lambda reaction: reaction.at)


# ── mail servers ─────────────────────────────────────────────────────────────────────────────────


def _hard_bounce(rng: random.Random, letter: Letter) -> Tracked:
    at = letter.sent_at + timedelta(seconds=rng.uniform(2, 40))
    return Tracked(
        "bounced",
        at,
        {
            "bounce_type": "hard",
            "smtp_code": 550,
            "status": "5.1.1",
            "diagnostic": "smtp; 550 5.1.1 The account that you tried to reach does not exist",
        },
    )


def _mailbox_full(rng: random.Random, letter: Letter) -> Tracked:
    at = letter.sent_at + timedelta(hours=rng.uniform(0.5, 5))
    return Tracked(
        "bounced",
        at,
        {
            "bounce_type": "soft",
            "smtp_code": 452,
            "status": "4.2.2",
            "diagnostic": "smtp; 452 4.2.2 The recipient's inbox is out of storage space",
        },
    )


def _deferral(rng: random.Random, letter: Letter) -> Tracked:
    at = letter.sent_at + timedelta(seconds=rng.uniform(1, 5))
    return Tracked(
        "deferred",
        at,
        {
            "smtp_code": 451,
            "status": "4.7.1",
            "diagnostic": "smtp; 451 4.7.1 Greylisted, please try again in 300 seconds",
        },
    )


# ── machines ─────────────────────────────────────────────────────────────────────────────────────


def _machines(
    rng: random.Random,
    letter: Letter,
    read_links: ReadLinks,
    delivered_at: datetime,
) -> Iterator[Tracked]:
    """Prefetches of machines, which look like opens and clicks."""
    if _habit(letter).on_apple_mail:
        relay = f"172.224.{rng.randrange(224, 256)}.{rng.randrange(256)}"
        at = delivered_at + timedelta(seconds=rng.uniform(1, 50))
        yield Tracked("opened", at, {"user_agent": _APPLE_PREFETCH, "ip": relay})
    domain = letter.email.rpartition("@")[2]
    scanner = random.Random(f"domain/{domain}")
    if scanner.random() < BEHIND_SCANNER:
        detail = {"user_agent": scanner.choice(_SCANNERS), "ip": _address(scanner, "203.0.113")}
        at = delivered_at + timedelta(seconds=rng.uniform(0.1, 0.6))
        yield Tracked("opened", at, detail)
        for link in read_links():
            at += timedelta(seconds=rng.uniform(0.02, 0.2))
            yield Tracked(
                "clicked", min(at, delivered_at + timedelta(seconds=2)), detail | {"url": link}
            )
    if rng.random() < OUT_OF_OFFICE:
        at = delivered_at + timedelta(seconds=rng.uniform(4, 60))
        yield Tracked(
            "autoresponded", at, {"subject": "Out of office", "auto_submitted": "auto-replied"}
        )


# ── people ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Habit:
    on_apple_mail: bool
    keenness: float
    client: dict[str, str]


def _habit(letter: Letter) -> _Habit:
    """Choose the reading habits of an address; they are the same for every letter."""
    rng = random.Random(f"habit/{letter.email}")
    return _Habit(
        on_apple_mail=rng.random() < ON_APPLE_MAIL,
        keenness=rng.triangular(0.3, 1.7, 1.0),
        client={
            "user_agent": rng.choice((*_BROWSERS, _GMAIL_PROXY)),
            "ip": _address(rng, "198.51.100"),
        },
    )


def _person(
    rng: random.Random,
    letter: Letter,
    read_links: ReadLinks,
    delivered_at: datetime,
) -> Iterator[Reaction]:
    habit = _habit(letter)
    interest = habit.keenness * FADING**letter.earlier
    # Each number is drawn in every case, so a changed probability leaves the others unchanged.
    reads, clicks, replies, leaves, complains = (rng.random() for _ in range(5))
    read_at = delivered_at + timedelta(minutes=rng.uniform(3, 20), hours=rng.expovariate(1 / 7))
    if complains < COMPLAINT:
        yield Tracked("complained", read_at, {"feedback_type": "abuse"})
        return
    if reads >= READ * interest:
        return
    yield Tracked("opened", read_at, habit.client)
    if rng.random() < 0.15:
        again = read_at + timedelta(hours=rng.uniform(1, 30))
        yield Tracked("opened", again, habit.client)
    if leaves < UNSUBSCRIBE / FADING**letter.earlier:
        at = read_at + timedelta(seconds=rng.uniform(5, 60))
        yield Tracked("unsubscribed", at, {"method": "one-click"})
        return
    if replies < REPLY * interest:
        at = read_at + timedelta(minutes=rng.uniform(3, 90))
        yield Tracked("replied", at, {"text": rng.choice(_REPLIES)})
    if clicks < CLICK * interest and (links := read_links()):
        url = links[0] if rng.random() < 0.85 else rng.choice(links)
        at = read_at + timedelta(seconds=rng.uniform(8, 150))
        browser = habit.client | {"user_agent": rng.choice(_BROWSERS)}
        yield Tracked("clicked", at, browser | {"url": url})
        yield from _after_click(rng, urlsplit(url), at)


def _after_click(rng: random.Random, target: SplitResult, at: datetime) -> Iterator[Acted]:
    """Make the events of a person in the product after a click."""
    if target.hostname != APP_HOST:
        return
    if target.path.startswith("/calendar"):
        if rng.random() < 0.55:
            at += timedelta(minutes=rng.uniform(2, 12))
            yield Acted("demo_booked", at, {"source": "e-mail"})
            if rng.random() < 0.25:
                yield _purchase(rng, at + timedelta(days=rng.uniform(2, 7)))
        return
    at += timedelta(seconds=rng.uniform(20, 120))
    yield Acted("logged_in", at, {})
    if target.path.startswith("/setup"):
        if rng.random() < 0.7:
            at += timedelta(minutes=rng.uniform(8, 90))
            yield Acted("setup_completed", at, {"data_sources": 1})
            if rng.random() < 0.65:
                at += timedelta(hours=rng.uniform(0.5, 40))
                yield Acted("activated", at, {"dashboards": 1})
                if rng.random() < 0.3:
                    yield _purchase(rng, at + timedelta(days=rng.uniform(1, 8)))
    elif target.path.startswith("/plans"):
        if rng.random() < 0.3:
            yield _purchase(rng, at + timedelta(minutes=rng.uniform(5, 200)))
    else:
        for number in range(rng.choice((1, 1, 2, 3))):
            moment = at + timedelta(minutes=1 + 4 * number + rng.uniform(0, 3))
            yield Acted("feature_used", moment, {"feature": "dashboard_opened"})


def _purchase(rng: random.Random, at: datetime) -> Acted:
    plan, amount = rng.choices((("team", 49), ("business", 199), ("enterprise", 690)), (6, 3, 1))[0]
    return Acted("purchase_completed", at, {"amount": amount, "currency": "EUR", "plan": plan})


def _address(rng: random.Random, network: str) -> str:
    """Pick an address of a network for documentation (RFC 5737)."""
    return f"{network}.{rng.randrange(1, 255)}"
