"""Translate an SMTP server's reply to the outcome of a send (RFC 5321 §4.2, RFC 3463)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from senders.base import Fault, Outcome
from senders.bounce_rules import bounce_fault

_ADDRESS = re.compile(r"[^\s<>:;,()\[\]\"']+@[^\s<>:;,()\[\]\"']+")
# Where a server's reply has its own name for the message; the first pattern that occurs counts.
_QUEUE_IDS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"queued as ([^\s>;,)]+)",  # Postfix, SendGrid, Halon
        r"queued with id ([^\s>;,).]+)",  # Stalwart
        r"\binternalid=(\d+)",  # Microsoft
        r"\bid=([^\s>;,)]+)",  # Exim
        r"\bok\s+\d{9,11}\s+(\S+) - gsmtp",  # Gmail: time, id
        r"\bok\s+\d{9,11}\s+qp\s+(\d+)",  # qmail: time, process
        r"^(?:2\.\d+\.\d+:?\s+)?(?!2\.\d|ok\b)(\S+)\s+message accepted",  # sendmail, OpenSMTPD
        r"^(?:2\.\d+\.\d+\s+)?ok\s+(?=\S*\d)(\S+)$",  # SES
    )
]
_LONGEST_DETAIL = 500


@dataclass(frozen=True)
class Reply:
    """One reply, its lines joined by a space.

    Attributes:
        code: the basic reply code.
        text: the text after the code.

    """

    code: int
    text: str


def outcome_of(reply: Reply) -> Outcome:
    """Classify the reply that decided a transaction.

    Args:
        reply: the reply to the final dot, or the refusal that ended the transaction earlier.

    Returns:
        2xx → `sent`; 4xx → `deferred`; 5xx → `rejected`. The detail contains no addresses.

    """
    detail = _ADDRESS.sub("<address>", f"{reply.code} {reply.text}")[:_LONGEST_DETAIL].strip()
    if reply.code < 300:
        return Outcome("sent", _queue_id(reply.text), reply.code, None, detail)
    if reply.code < 500:
        return Outcome("deferred", None, reply.code, "transient", detail)
    return Outcome("rejected", None, reply.code, fault_of(reply), detail)


def fault_of(reply: Reply) -> Fault:
    """Decide whose fault a permanent refusal (5xx) is, by the rules of bounce_rules.csv.

    `recipient` makes an address unmailable, so in doubt the fault is the sender's. The refusal
    stays final, as RFC 5321 §4.2.1 asks, also for the fault `transient` (a full mailbox).
    """
    return bounce_fault(f"{reply.code} {reply.text}") or "sender"


def _queue_id(text: str) -> str | None:
    found = (pattern.search(text) for pattern in _QUEUE_IDS)
    return next((match[1] for match in found if match), None)
