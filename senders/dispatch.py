"""Dispatch due sends, each one once: re-check, render, claim, hand over, record.

The message is rendered before its try is claimed. So a crash leaves an uncertain try only if it
happens while the message is handed over.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING

from senders.addresses import email_hash, wire_address
from senders.base import Outcome, SenderUnavailableError
from senders.errors import AddressError, ComposeError, SmtpUtf8Error
from senders.guard import Guard
from senders.journal import STALE_AFTER
from senders.message import compose, message_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from senders.base import Sender
    from senders.journal import Journal
    from senders.links import Links
    from senders.model import Identity, Send
    from senders.rendering import Templates


@dataclass(frozen=True)
class Problem:
    """A send that an operator must look at.

    Attributes:
        send_id: the send.
        status: `failed`, `rejected` or `unknown`.
        detail: the error or the server's reply, without addresses.

    """

    send_id: str
    status: str
    detail: str | None


OUTCOMES = ("sent", "deferred", "rejected", "failed", "unknown")


@dataclass
class DispatchReport:
    """The results of one dispatch.

    Attributes:
        sent: accepted.
        deferred: due again later.
        rejected: refused for good.
        failed: the message could not be made, or the last try failed.
        unknown: may have been accepted; never tried again automatically.
        skipped: sends without a try, by reason: `expired`, `journal` (settled, not yet due again,
            or claimed by another dispatcher), the reason from `recheck`, or the provider that
            refuses mail (`Guard.refuses`).
        settled: tries that a dead dispatcher left, by their new status.
        problems: every failed, rejected and unknown send.

    """

    sent: int = 0
    deferred: int = 0
    rejected: int = 0
    failed: int = 0
    unknown: int = 0
    skipped: Counter[str] = field(default_factory=Counter[str])
    settled: Counter[str] = field(default_factory=Counter[str])
    problems: list[Problem] = field(default_factory=list[Problem])

    def counts(self) -> dict[str, int]:
        """Count the tries by status."""
        return {status: getattr(self, status) for status in OUTCOMES}

    def add(self, send_id: str, outcome: Outcome) -> None:
        """Count one outcome."""
        setattr(self, outcome.status, getattr(self, outcome.status) + 1)
        if outcome.status in ("failed", "rejected", "unknown"):
            self.problems.append(Problem(send_id, outcome.status, outcome.detail))


async def dispatch(
    sends: Iterable[Send],
    *,
    sender: Sender,
    journal: Journal,
    templates: Templates,
    identity: Identity,
    links: Links,
    clock: Callable[[], datetime],
    max_attempts: int,
    retry_minutes: float,
    recheck: Callable[[Send], str | None],
    stale_after: timedelta = STALE_AFTER,
    guard: Guard | None = None,
    report: DispatchReport | None = None,
) -> DispatchReport:
    """Dispatch due sends; any number of dispatchers may run at once.

    First the tries of dead dispatchers are settled (`Journal.settle_leftovers`). Then each send is
    tried, in parallel up to the sender's `connections`. A bad send never stops the other sends.

    Args:
        sends: due sends, in dispatch order.
        sender: opened and closed here.
        journal: the record of all tries.
        templates: the e-mails.
        identity: the sender of the mail; bounces go to its address.
        links: makes the links inside the mail.
        clock: the time (aware UTC); read again for each send.
        max_attempts: the number of tries per send.
        retry_minutes: wait before the second try; doubles with each further try.
        recheck: a last check of consent and exits: the reason not to send, or None.
        stale_after: a try of another machine counts as dead after this time without a change.
        guard: when to stop; the batches of one dispatch share it.
        report: the results so far, to which this function adds; complete also after an error.

    Returns:
        The report.

    Raises:
        SenderUnavailableError: nothing can be sent now, or the mail server gives no answers. Sends
            that were claimed and not handed over are deferred; unclaimed sends are untouched.

    """
    report = DispatchReport() if report is None else report
    report.settled += journal.settle_leftovers(sender, now=clock(), stale_after=stale_after)
    waiting = iter(sends)
    first = next(waiting, None)
    if first is None:
        return report
    dispatcher = _Dispatcher(
        sender=sender,
        journal=journal,
        templates=templates,
        identity=identity,
        links=links,
        clock=clock,
        max_attempts=max_attempts,
        first_wait=timedelta(minutes=retry_minutes),
        recheck=recheck,
        report=report,
        guard=guard or Guard(),
    )
    await sender.open()
    try:
        await dispatcher.run(chain([first], waiting))
    finally:
        await sender.close()
    return report


@dataclass
class _Dispatcher:
    sender: Sender
    journal: Journal
    templates: Templates
    identity: Identity
    links: Links
    clock: Callable[[], datetime]
    max_attempts: int
    first_wait: timedelta
    recheck: Callable[[Send], str | None]
    report: DispatchReport
    guard: Guard
    errors: list[Exception] = field(default_factory=list[Exception], init=False)
    turn: asyncio.Condition = field(default_factory=asyncio.Condition, init=False)
    under_way: int = field(default=0, init=False)

    async def run(self, sends: Iterator[Send]) -> None:
        """Handle all sends; stop at the first error that does not concern a single send."""

        async def worker() -> None:
            # Workers share the iterator: a free worker takes the next send.
            while not self.errors and (send := next(sends, None)) is not None:
                try:
                    await self.handle(send)
                except Exception as error:  # noqa: BLE001 - raised below, after all workers end
                    self.errors.append(error)
                async with self.turn:
                    self.turn.notify_all()

        # After an error each other worker finishes its current message: an interrupted message
        # would become uncertain.
        await asyncio.gather(*(worker() for _ in range(self.sender.connections)))
        if self.errors:
            raise self.errors[0]

    async def handle(self, send: Send) -> None:
        """Process one send up to its result, and count the result."""
        if self.skips(send):
            return
        smtputf8 = self.sender.supports_smtputf8
        try:
            recipient = wire_address(send.email, smtputf8=smtputf8)
            message = compose(
                send, self.templates, self.identity, self.links, self.clock(), smtputf8=smtputf8
            )
        except ComposeError as error:
            attempt = self.claim(send)
            if attempt is not None:
                never = isinstance(error, AddressError) and not isinstance(error, SmtpUtf8Error)
                fault = "recipient" if never else None
                self.conclude(send, attempt, Outcome("failed", None, None, fault, str(error)))
            return
        if not self.guard.admits(self.under_way):
            async with self.turn:
                await self.turn.wait_for(lambda: self.errors or self.guard.admits(self.under_way))
            # Other messages were answered, or not, while this one waited.
            if self.errors or self.skips(send):
                return
        attempt = self.claim(send)
        if attempt is None:
            return
        self.under_way += 1
        try:
            await self.hand_over(send, attempt, recipient, message)
        finally:
            self.under_way -= 1
        if self.guard.is_unanswered:
            raise SenderUnavailableError(
                f"stopped after {self.guard.unanswered} messages in a row without an answer of the "
                "mail server; each may have arrived and is listed in delivery.unknown_sends. "
                "The other sends stay due. Look at the log of the mail server"
            )

    def skips(self, send: Send) -> bool:
        """Whether the send is left without a try; its reason is counted."""
        if send.expires_at <= self.clock():
            reason = "expired"
        else:
            reason = self.recheck(send) or self.guard.refuses(send.email)
        if reason is not None:
            self.report.skipped[reason] += 1
        return reason is not None

    def claim(self, send: Send) -> int | None:
        """Claim the next try of a send; None (counted as skipped) if it cannot be claimed."""
        attempt = self.journal.claim(
            send.send_id,
            sender=self.sender.name,
            message_id=message_id(send, self.identity),
            email_hash=email_hash(send.email),
            started_at=self.clock(),
            max_attempts=self.max_attempts,
        )
        if attempt is None:
            self.report.skipped["journal"] += 1
        return attempt

    async def hand_over(self, send: Send, attempt: int, recipient: str, message: bytes) -> None:
        """Pass the message of a claimed try to the sender; every result and error is recorded."""
        try:
            outcome = await self.sender.send(
                envelope_from=self.identity.from_email,
                recipient=recipient,
                message_id=message_id(send, self.identity),
                data=message,
                send_id=send.send_id,
            )
        except SenderUnavailableError as error:
            self.conclude(send, attempt, Outcome("deferred", None, None, "transient", str(error)))
            raise
        except BaseException as error:
            self.conclude(send, attempt, self.interrupted(send, error))
            raise
        self.conclude(send, attempt, outcome)

    def interrupted(self, send: Send, error: BaseException) -> Outcome:
        """The result of a message whose sender failed, as far as the sender can prove it."""
        detail = f"interrupted: {type(error).__name__}"
        evidence = self.sender.evidence(send.send_id, message_id(send, self.identity))
        if evidence is None:
            return Outcome("unknown", detail=detail)
        if evidence == "sent":
            return Outcome("sent", detail=detail)
        return Outcome("deferred", None, None, "transient", detail)

    def conclude(self, send: Send, attempt: int, outcome: Outcome) -> None:
        """Record the result of a try, and the time of the next try."""
        self.guard.note(send.email, outcome)
        finished_at = self.clock()
        next_try_at = None
        if outcome.status in ("deferred", "failed") and outcome.fault != "recipient":
            if attempt < self.max_attempts:
                next_try_at = finished_at + self.first_wait * 2 ** (attempt - 1)
            else:
                detail = f"given up after {attempt} tries: {outcome.detail}"
                outcome = replace(outcome, status="failed", detail=detail)
        self.journal.record(
            send.send_id, attempt, outcome, finished_at=finished_at, next_try_at=next_try_at
        )
        self.report.add(send.send_id, outcome)
