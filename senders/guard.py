"""When a dispatch stops: a provider refuses everything, or the server gives no answers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from senders.providers import provider_of

if TYPE_CHECKING:
    from senders.base import Outcome


@dataclass
class Guard:
    """The results of one dispatch, as far as they decide on its next messages.

    A provider that refuses `refusals_in_a_row` messages gets no more mail in this dispatch; its
    other sends stay in the queue. A mail server that leaves `unanswered_in_a_row` messages without
    an answer gets no more mail at all: each of them is an `unknown` try.

    Until the server's first answer, and after a missing one, only as many messages are under way as
    may stay unanswered.

    Attributes:
        refusals_in_a_row: refused messages after which a provider gets no more mail.
        unanswered_in_a_row: unanswered messages after which the dispatch stops.
        unanswered: unanswered messages in a row; at the start those of earlier dispatches, of which
            one less than the limit counts: a new dispatch tries one message.

    """

    refusals_in_a_row: int = 10
    unanswered_in_a_row: int = 3
    unanswered: int = 0
    _answers: bool = field(default=False, init=False)
    _refusals: Counter[str] = field(default_factory=Counter[str], init=False)

    def __post_init__(self) -> None:
        self.unanswered = min(self.unanswered, self.unanswered_in_a_row - 1)

    def refuses(self, email: str) -> str | None:
        """The reason to leave a message in the queue: its provider refuses mail; or None."""
        provider = provider_of(email)
        if self._refusals[provider] < self.refusals_in_a_row:
            return None
        return f"{provider} refused {self.refusals_in_a_row} messages in a row"

    def admits(self, under_way: int) -> bool:
        """Whether another message may be handed over while others are under way."""
        return self._answers or under_way + self.unanswered < self.unanswered_in_a_row

    def note(self, email: str, outcome: Outcome) -> None:
        """Take the result of a message into account."""
        if outcome.status == "unknown":
            self._answers = False
            self.unanswered += 1
        elif outcome.status in ("sent", "rejected") or outcome.smtp_code is not None:
            self._answers = True
            self.unanswered = 0
        if outcome.status == "rejected":
            self._refusals[provider_of(email)] += 1
        elif outcome.status == "sent":
            del self._refusals[provider_of(email)]

    @property
    def is_unanswered(self) -> bool:
        """Whether the dispatch must stop."""
        return self.unanswered >= self.unanswered_in_a_row
