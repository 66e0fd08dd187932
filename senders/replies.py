"""Translate an SMTP server's reply to the outcome of a send (RFC 5321 §4.2, RFC 3463)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from senders.base import Fault, Outcome
from senders.bounce_rules import bounce_fault

_ADDRESS = re.compile(r"[^\s<>:;,()\[\]\"']+@[^\s<>:;,()\[\]\"']+")
# The queue ids in the replies of Postfix, Exim and SES.
_QUEUE_ID = re.compile(
    r"queued as ([^\s>;]+)|\bid=([^\s>;]+)|^(?:2\.\d+\.\d+ )?ok (?!id=)(\S+)$", re.IGNORECASE
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
    """Decide whose fault a permanent refusal (5xx) is, by the rules of bounce_rules.csv.

    `recipient` makes an address unmailable, so in doubt the fault is the sender's. Without a rule,
    550, 551 and 553 to RCPT speak of the mailbox. The refusal stays final, as RFC 5321 §4.2.1 asks,
    also for the fault `transient` (a full mailbox).
    """
    found = bounce_fault(f"{reply.code} {reply.text}")
    if found is not None:
        return found
    return "recipient" if to_recipient and reply.code in (550, 551, 553) else "sender"


def _queue_id(text: str) -> str | None:
    found = _QUEUE_ID.search(text)
    return next((group for group in found.groups() if group), None) if found else None
