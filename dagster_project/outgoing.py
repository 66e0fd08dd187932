"""From the send queue to the senders: batch by batch, each looked at once more before it leaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import duckdb

from dagster_project import warehouse
from dagster_project.landing import land_new
from dagster_project.settings import Settings
from dagster_project.warehouse import Clock
from senders.base import Sender, load_sender
from senders.dispatch import DispatchReport, dispatch
from senders.journal import Journal
from senders.links import Links
from senders.model import Identity, Send
from senders.rendering import Templates

_NEXT_BATCH = """
    select
        send_id, contact_id, email, sequence, step, variant, template,
        epoch_us(scheduled_at) as scheduled_at, epoch_us(expires_at) as expires_at, priority,
        personalization
    from delivery.send_queue
    where $send_id is null
        or (priority, epoch_us(scheduled_at), send_id) > ($priority, $scheduled_at, $send_id)
    order by priority, scheduled_at, send_id
    limit $size
"""

# Contacts of whom something landed that the models have not seen: it may be an opt-out, an answer
# or the goal. The next tick decides about them with it.
_NEWS = """
    select decisions.contact_id, min(tracking.type) as news
    from raw.tracking as tracking
    inner join decisions.step_decisions as decisions
        on tracking.send_id = decisions.step_decision_id
    where tracking.file_id in (select unnest($file_ids))
        and tracking.type in ('unsubscribed', 'complained', 'bounced', 'replied')
    group by all
    union all
    select keys.contact_id, min(tracking.type)
    from raw.tracking as tracking
    inner join decisions.contact_keys as keys
        on keys.key_kind = 'email' and lower(trim(tracking.email)) = keys.key
    where tracking.file_id in (select unnest($file_ids))
        and tracking.type in ('unsubscribed', 'complained', 'bounced', 'replied')
    group by all
    union all
    select keys.contact_id, min(events.name)
    from raw.events as events
    inner join decisions.contact_keys as keys
        on keys.key in (events.contact_key, lower(events.contact_key))
    where events.file_id in (select unnest($file_ids))
    group by all
"""


def dispatch_due(settings: Settings) -> DispatchReport:
    """Send what `delivery.send_queue` holds, as far as nothing new speaks against it.

    The warehouse is opened and closed between batches, never held while a server is talked to.

    Raises:
        SettingsError: the sender needs a setting that is missing.
        SenderUnavailableError: nothing can be sent now; what was not tried stays due.
    """
    links = Links(settings.links.base_url, settings.require_link_key())
    with warehouse.connect(settings.warehouse_path) as connection:
        clock = warehouse.require_clock(connection)
    news: dict[str, str] = {}

    def recheck(send: Send) -> str | None:
        happened = news.get(send.contact_id)
        return happened and f"held for the next tick: {happened}"

    journal = Journal(settings.journal_address)
    try:
        return asyncio.run(
            dispatch(
                _due(settings, clock, news),
                sender=make_sender(settings),
                journal=journal,
                templates=Templates(settings.templates_dir),
                identity=Identity(**settings.identity.model_dump()),
                links=links,
                clock=clock.now,
                max_attempts=settings.delivery.max_attempts,
                retry_minutes=settings.delivery.retry_minutes,
                recheck=recheck,
            )
        )
    finally:
        journal.close()


def make_sender(settings: Settings) -> Sender:
    """The sender that `delivery.sender` names, with its settings and its secret.

    Raises:
        SenderConfigError: there is none of that name, or it lacks a setting.
    """
    name = settings.delivery.sender
    config: dict[str, Any] = dict(settings.senders.get(name, {}))
    if name == "file":
        config["outbox"] = settings.outbox_dir
    elif name == "smtp":
        config.update(settings.smtp.model_dump())
        password = settings.smtp_password
        config["password"] = password.get_secret_value() if password else None
    return load_sender(name, config)


def _due(settings: Settings, clock: Clock, news: dict[str, str]) -> Iterator[Send]:
    """Sends in the order in which they should go; `news` is up to date before each batch."""
    last: dict[str, Any] = {"priority": None, "scheduled_at": None, "send_id": None}
    while True:
        with warehouse.connect(settings.warehouse_path) as connection:
            news.update(_land_news(connection, settings, clock))
            batch = connection.sql(
                _NEXT_BATCH, params={**last, "size": settings.delivery.batch_size}
            ).pl()
        if batch.is_empty():
            return
        for row in batch.iter_rows(named=True):
            yield _send(row)
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


def _land_news(
    connection: duckdb.DuckDBPyConnection, settings: Settings, clock: Clock
) -> dict[str, str]:
    """Land what came since the models ran; contacts it is about, with what happened."""
    landed = land_new(connection, settings, clock.now())
    file_ids = [file.file_id for file in landed if file.rows_landed]
    if not file_ids:
        return {}
    return dict(connection.execute(_NEWS, {"file_ids": file_ids}).fetchall())
