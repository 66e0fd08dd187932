"""News: what landed after the send queue was built, or what its clock cannot know.

The contacts that it concerns wait for the next tick.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from dagster_project.home import warehouse
from dagster_project.home.settings import Settings
from dagster_project.landing import land_new
from dagster_project.tick import crm_news
from dagster_project.tick.crm_news import CrmNews
from senders.address_cells import read_cell
from senders.tracking_types import types_that_mean

HELD = "held for the next tick: "
"""Begins the reason of a send that waits for the next tick."""

# The keys of new facts that are more than an id or a bare address: only Python reads them.
_UNCLEAR = r"""
    with

    unseen as (
        select files.file_id, seen.file_id is null as is_new
        from raw.files as files
        left join delivery.files_seen as seen on files.file_id = seen.file_id
        where seen.file_id is null or files.landed_at > $as_of
    ),

    said as (
        select tracking.email as said
        from raw.tracking as tracking
        inner join unseen
            on tracking.file_id = unseen.file_id
                and (unseen.is_new or tracking.received_at > $as_of)
        union
        select events.contact_key
        from raw.events as events
        inner join unseen
            on events.file_id = unseen.file_id
                and (unseen.is_new or events.received_at > $as_of)
    )

    select said
    from said
    where not regexp_full_match(
        said,
        '[A-Za-z0-9_.:-]+|'
        || '[A-Za-z0-9_][A-Za-z0-9_+-]*(\.[A-Za-z0-9_+-]+)*'
        || '@([A-Za-z0-9]+(-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,}'
    )
"""
# Per contact, by the identities of this tick: one new event (an opt-out, a reply or the goal). An
# event counts for every address that its key can mean.
_BY_CONTACT = r"""
    with

    unseen as (
        select files.file_id, seen.file_id is null as is_new
        from raw.files as files
        left join delivery.files_seen as seen on files.file_id = seen.file_id
        where seen.file_id is null or files.landed_at > $as_of
    ),

    readings as (
        select unnest($said::varchar[]) as said, unnest($addresses::varchar[]) as address
    ),

    tracked as (
        select
            tracking.send_id,
            tracking.type,
            coalesce(readings.address, lower(tracking.email)) as key
        from raw.tracking as tracking
        inner join unseen
            on tracking.file_id = unseen.file_id
                and (unseen.is_new or tracking.received_at > $as_of)
        left join readings on tracking.email = readings.said
        where tracking.type in (select unnest($held::varchar[]))
    ),

    happened as (
        select
            events.name,
            trim(
                events.contact_key,
                ' ' || chr(9) || chr(10) || chr(13) || chr(160) || chr(8203) || chr(65279)
            ) as id,
            coalesce(readings.address, lower(events.contact_key)) as key
        from raw.events as events
        inner join unseen
            on events.file_id = unseen.file_id
                and (unseen.is_new or events.received_at > $as_of)
        left join readings on events.contact_key = readings.said
    ),

    keys as (
        select key, contact_id from contacts.contact_identities
        union all
        select address, contact_id from contacts.contact_addresses
    ),

    news as (
        select sends.contact_id, tracked.type as happened
        from tracked
        inner join mail.decided_sends as sends on tracked.send_id = sends.send_id
        union all
        select keys.contact_id, tracked.type
        from tracked
        inner join keys on tracked.key = keys.key
        union all
        select keys.contact_id, happened.name
        from happened
        inner join keys on happened.id = keys.key
        union all
        select keys.contact_id, happened.name
        from happened
        inner join keys on happened.key = keys.key
        union all
        -- The contact with the address now can differ from the contact that had it first.
        select queue.contact_id, tracked.type
        from tracked
        inner join delivery.send_queue as queue on tracked.key = queue.email
        union all
        select queue.contact_id, happened.name
        from happened
        inner join delivery.send_queue as queue on happened.key = queue.email
    )

    select contact_id, min(happened) from news group by contact_id
"""


class News:
    """Events and CRM exports that landed after the send queue was built."""

    def __init__(self) -> None:
        self._by_contact: dict[str, str] = {}
        self._exports = CrmNews()

    def update(
        self, connection: duckdb.DuckDBPyConnection, settings: Settings, now: datetime
    ) -> None:
        """Land the new files, then read every file that the send queue was built without."""
        land_new(connection, settings, now)
        as_of = warehouse.require_clock(connection).as_of
        unclear = [said for (said,) in connection.execute(_UNCLEAR, {"as_of": as_of}).fetchall()]
        read = [(said, address) for said in unclear for address in read_cell(said).addresses]
        given = {
            "as_of": as_of,
            "said": [said for said, _ in read],
            "addresses": [address for _, address in read],
            "held": types_that_mean("hold"),
        }
        self._exports = crm_news.read(connection, as_of, self._exports)
        landed = {contact: f"{kind} landed" for contact, kind in self._exports.contacts.items()}
        said = dict(connection.execute(_BY_CONTACT, given).fetchall())
        self._by_contact = landed | said

    def about(self, contact_id: str) -> str | None:
        """The reason to hold the sends of a contact, or None."""
        happened = self._by_contact.get(contact_id)
        if happened is None and self._exports.all_mail is not None:
            happened = f"{self._exports.all_mail} landed, which may concern any contact"
        return happened and f"{HELD}{happened}"
