"""Settle unknown tries by an operator's word: the journal and the warehouse agree afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.tick import journal as attempts
from dagster_project.tick import pairing

Word = Literal["sent", "not-sent"]


@dataclass(frozen=True)
class Settled:
    """The result for one send.

    Attributes:
        send_id: the send.
        status: the new status of its try; None if it has no unknown try.
    """

    send_id: str
    status: str | None


def settle(settings: Settings, send_ids: Iterable[str], word: Word) -> list[Settled]:
    """Settle the unknown try of each send; the caller holds the warehouse.

    A try that was `sent` counts as sent when it began. A send that was `not-sent` is due again, or
    `failed` if all its tries are used up.

    Args:
        settings: the installation.
        send_ids: the sends; a send without an unknown try stays as it is.
        word: what the operator knows of the tries.

    Raises:
        ClockError: no tick has run.
        JournalRefusedError: the journal is not the journal of this warehouse.
    """
    with pairing.open_journal(settings) as journal:
        with warehouse.connect(settings.warehouse_path) as connection:
            clock = warehouse.require_clock(connection)
            pairing.require(connection, journal)
        unknown = {row["send_id"]: row for row in journal.unknowns()}
        settled: list[Settled] = []
        for send_id in dict.fromkeys(send_ids):
            row = unknown.get(send_id)
            if row is None:
                settled.append(Settled(send_id, None))
                continue
            status, now = "sent", row["started_at"]
            if word == "not-sent":
                is_last = row["attempt"] >= settings.delivery.max_attempts
                status, now = ("failed" if is_last else "deferred"), max(now, clock.as_of)
            journal.settle(send_id, row["attempt"], status, f"settled by hand: {word}", now=now)
            settled.append(Settled(send_id, status))
    attempts.load(settings)
    return settled
