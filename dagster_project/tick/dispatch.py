"""The dispatch: pass the send queue to a sender in batches, each re-checked against new data."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import duckdb

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.home.warehouse import Clock
from dagster_project.tick import pairing
from dagster_project.tick.recheck import HELD, News
from dagster_project.tick.sender import make_sender
from senders.base import SenderUnavailableError
from senders.dispatch import DispatchReport, dispatch
from senders.guard import Guard
from senders.journal import Journal
from senders.links import Links
from senders.model import Identity, Send
from senders.rendering import Templates

STOPPING = f"{HELD}the process stops"

_QUEUE = """
    select
        send_id, contact_id, email, sequence, step, variant, template,
        epoch_us(scheduled_at) as scheduled_at, epoch_us(expires_at) as expires_at, priority,
        personalization
    from delivery.send_queue
"""
_NEXT_BATCH = f"""
    {_QUEUE}
    where $send_id is null
        or (priority, epoch_us(scheduled_at), send_id) > ($priority, $scheduled_at, $send_id)
    order by priority, scheduled_at, send_id
    limit $size
"""


def dispatch_due(
    settings: Settings, is_stopping: Callable[[], bool] = lambda: False
) -> DispatchReport:
    """Send the rows of `delivery.send_queue` that pass the re-check.

    The warehouse is open only between batches, and closed during each connection to a server.

    Args:
        settings: the installation.
        is_stopping: asked before each send; after a yes, messages under way are finished and the
            other sends stay due.

    Raises:
        SettingsError: a setting of the sender is missing.
        SenderUnavailableError: the sender cannot send now; untried sends stay due.
        JournalRefusedError: the journal is not the journal of this warehouse.
    """
    links = Links(settings.links.base_url, settings.require_link_key(), settings.links.hosts)
    identity = Identity(**settings.identity.model_dump())
    templates = Templates(settings.templates_dir)
    sender = make_sender(settings)
    news = News()
    report = DispatchReport()
    with pairing.open_journal(settings) as journal:
        with warehouse.connect(settings.warehouse_path) as connection:
            clock = warehouse.require_clock(connection)
            pairing.require(connection, journal)
        report.settled = _settle_by_evidence(settings, journal)
        guard = Guard(
            refusals_in_a_row=settings.delivery.refusals_in_a_row,
            unanswered_in_a_row=settings.delivery.unanswered_in_a_row,
            unanswered=journal.unanswered(),
        )
        try:
            for batch in _batches(settings, clock, news, journal):
                if is_stopping():
                    break
                done = dispatch(
                    batch,
                    sender=sender,
                    journal=journal,
                    templates=templates,
                    identity=identity,
                    links=links,
                    clock=clock.now,
                    max_attempts=settings.delivery.max_attempts,
                    retry_minutes=settings.delivery.retry_minutes,
                    recheck=lambda send: STOPPING if is_stopping() else news.about(send.contact_id),
                    guard=guard,
                    report=report,
                )
                asyncio.run(done)
        except SenderUnavailableError as error:
            tries = [f"{number:,} {name}" for name, number in report.counts().items() if number]
            before = ", ".join(tries) or "no try"
            raise SenderUnavailableError(f"{error}. Before: {before}") from error
        finally:
            with warehouse.connect(settings.warehouse_path) as connection:
                pairing.require(connection, journal)
    return report


def read_queue(connection: duckdb.DuckDBPyConnection) -> list[Send]:
    """Read all due sends of the last tick."""
    return [_send(row) for row in connection.sql(_QUEUE).pl().iter_rows(named=True)]


def _settle_by_evidence(settings: Settings, journal: Journal) -> Counter[str]:
    """Settle unknown tries as sent if an open, click or bounce proves that the message left."""
    unknown = {(row["send_id"], row["attempt"]) for row in journal.unknowns()}
    if not unknown:
        return Counter()
    with warehouse.connect(settings.warehouse_path) as connection:
        found = connection.execute(
            """select send_id, attempt, evidence, epoch_us(started_at)
            from delivery.unknown_sends
            where evidence is not null"""
        ).fetchall()
    settled: Counter[str] = Counter()
    for send_id, attempt, evidence, started_at in found:
        if (send_id, attempt) in unknown:
            detail = f"settled by evidence: {evidence}"
            journal.settle(send_id, attempt, "sent", detail, now=warehouse.instant(started_at))
            settled["sent"] += 1
    return settled


def _batches(
    settings: Settings, clock: Clock, news: News, journal: Journal
) -> Iterator[list[Send]]:
    """Yield the queue in send order; updates `news` and checks the journal before each batch."""
    last: dict[str, Any] = {"priority": None, "scheduled_at": None, "send_id": None}
    while True:
        with warehouse.connect(settings.warehouse_path) as connection:
            pairing.require(connection, journal)
            news.update(connection, settings, clock.after())
            batch = connection.sql(
                _NEXT_BATCH, params={**last, "size": settings.delivery.batch_size}
            ).pl()
        if not batch.is_empty():
            yield [_send(row) for row in batch.iter_rows(named=True)]
        if batch.height < settings.delivery.batch_size:
            return
        last = batch.select(*last).row(-1, named=True)


def _send(row: dict[str, Any]) -> Send:
    return Send(
        **{
            **row,
            "scheduled_at": warehouse.instant(row["scheduled_at"]),
            "expires_at": warehouse.instant(row["expires_at"]),
            "personalization": json.loads(row["personalization"]),
        }
    )
