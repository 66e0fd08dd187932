"""Translate an SMTP server's reply to the outcome of a send (RFC 5321 §4.2, RFC 3463)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from senders.base import Fault, Outcome

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})\b")
_ADDRESS = re.compile(r"[^\s<>:;,()\[\]\"']+@[^\s<>:;,()\[\]\"']+")
# The queue ids in the replies of Postfix, Exim and SES.
_QUEUE_ID = re.compile(
    r"queued as ([^\s>;]+)|\bid=([^\s>;]+)|^(?:2\.\d+\.\d+ )?ok (?!id=)(\S+)$", re.IGNORECASE
)
_POLICY = re.compile(
    r"spam|block|black|reputation|polic|spf|dkim|dmarc|relay|authenticat|banned", re.IGNORECASE
)
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


def outcome_of(reply: Reply, *, to_recipient: bool) -> Outcome:
    """Classify the reply that decided a transaction.

    Args:
        reply: the reply to the final dot, or the refusal that ended the transaction earlier.
        to_recipient: whether the reply answers RCPT, where a bare 550 concerns the mailbox.

    Returns:
        2xx → `sent`; 4xx → `deferred`; 5xx → `rejected`. The detail contains no addresses.

    """
    detail = _ADDRESS.sub("<address>", f"{reply.code} {reply.text}")[:_LONGEST_DETAIL].strip()
    if reply.code < 300:
        return Outcome("sent", _queue_id(reply.text), reply.code, None, detail)
    if reply.code < 500:
        return Outcome("deferred", None, reply.code, "transient", detail)
    fault = fault_of(reply, to_recipient=to_recipient)
    return Outcome("rejected", None, reply.code, fault, detail)


def fault_of(reply: Reply, *, to_recipient: bool) -> Fault:
    """Say whose fault a permanent refusal (5xx) is.

    `recipient` is said only where the reply speaks of the mailbox or its domain, because it makes
    an address unmailable; in doubt it is the sender's. A full mailbox is nobody's lasting fault:
    `transient`. The refusal itself stays final, as RFC 5321 §4.2.1 asks.

    | enhanced status | fault |
    |---|---|
    | 5.1.7, 5.1.8 (sender's address) | sender |
    | other 5.1.x (addressing), 5.2.0, 5.2.1, 5.2.4 (mailbox gone or off) | recipient |
    | 5.2.2 (mailbox full) | transient |
    | 5.2.3, 5.3.4 (message too big) | sender |
    | 5.4.1, 5.4.4 (nobody answers for this address or domain) | recipient |
    | other 5.3.x, 5.4.x (their system, the network) | transient |
    | 5.5.x, 5.6.x, 5.7.x (protocol, content, policy; 5.7.25 to 29, 5.7.515) | sender |
    | none, 550, 551 or 553 to RCPT that does not speak of policy | recipient |
    | none, 552 | transient |
    """
    enhanced = _ENHANCED.match(reply.text)
    if enhanced is None:
        if reply.code == 552:
            return "transient"
        about_mailbox = to_recipient and reply.code in (550, 551, 553)
        return "recipient" if about_mailbox and not _POLICY.search(reply.text) else "sender"
    subject, detail = int(enhanced[2]), int(enhanced[3])
    return _BY_STATUS.get((subject, detail)) or _BY_SUBJECT.get(subject, "sender")


_BY_SUBJECT: dict[int, Fault] = {1: "recipient", 2: "recipient", 3: "transient", 4: "transient"}
_BY_STATUS: dict[tuple[int, int], Fault] = {
    (1, 7): "sender",
    (1, 8): "sender",
    (2, 2): "transient",
    (2, 3): "sender",
    (3, 4): "sender",
    (4, 1): "recipient",
    (4, 4): "recipient",
}


def _queue_id(text: str) -> str | None:
    found = _QUEUE_ID.search(text)
    return next((group for group in found.groups() if group), None) if found else None
