"""CRM exports that the send queue was built without: which contacts may they concern?

A row concerns a contact if one of its values is, or contains, a key of the contact: an address, an
id of a record, or the id of the contact's company. A row that stands unchanged in the export before
says nothing new. A full snapshot also concerns the contacts whose rows it lacks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from dagster_project.home.sql import identifier
from senders.addresses import normal_address

# Rows of these objects concern only the contacts that they name. The rows of another
# object can be about a contact that only a third table names: such an export holds all mail.
_NO_PERSON = re.compile("compan|account|deal|opportunit|owner|pipeline|stage|product")

_FILES = """
    select
        files.table_name,
        files.kind,
        files.is_full,
        list(files.file_id order by files.file_no),
        list(files.file_id order by files.file_no) filter (where seen.file_id is not null)
    from raw.files as files
    left join delivery.files_seen as seen on files.file_id = seen.file_id
    where files.rows_landed > 0 and files.table_name not in ('events', 'tracking')
        and (seen.file_id is null or files.landed_at > $as_of)
    group by all
    order by all
"""
_SEEN = """
    select files.file_id, files.is_full
    from raw.files as files
    inner join delivery.files_seen as seen on files.file_id = seen.file_id
    where files.table_name = $table_name and files.rows_landed > 0 and files.landed_at <= $as_of
    order by files.file_no desc
    limit 1
"""
# Each value itself, and its parts: a cell can hold several ids, or a name and an address.
_PARTS = r"""
    create or replace temp table parts as
    select distinct lower(part) as part
    from (
        select unnest([value] || regexp_split_to_array(value, '[\s;,|<>"''()\[\]{}]+')) as part
        from said
    )
    where part <> ''
"""
_CONTACTS = """
    with

    keys as (
        select contact_id, lower(regexp_replace(key, '^[a-z0-9_]+:', '')) as part
        from contacts.contact_identities
        union all
        select contact_id, address from contacts.contact_addresses
        union all
        select contact_id, lower(regexp_replace(company_id, '^[a-z0-9_]+:', ''))
        from contacts.contacts
        where company_id is not null
        union all
        -- The contact with the address now can differ from the contact that had it first.
        select contact_id, email from delivery.send_queue
    )

    select distinct keys.contact_id from keys semi join parts on keys.part = parts.part
"""


@dataclass(frozen=True)
class CrmNews:
    """What an export concerns.

    Attributes:
        contacts: the contacts that it may concern.
        all_mail: the kind of an export that does not show its contacts; None for no such export.
        files: the files that were read.
    """

    contacts: dict[str, str] = field(default_factory=dict[str, str])
    all_mail: str | None = None
    files: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])


def read(connection: duckdb.DuckDBPyConnection, as_of: datetime, last: CrmNews) -> CrmNews:
    """Read the exports that landed after the send queue was built, or that the clock cannot see.

    Args:
        connection: the warehouse.
        as_of: the clock of the send queue (UTC).
        last: what an earlier call found; it still holds if no further file has landed.

    Returns:
        By contact the kind of the export that may concern it.
    """
    contacts: dict[str, str] = {}
    all_mail: str | None = None
    files = connection.execute(_FILES, {"as_of": as_of}).fetchall()
    if files == last.files:
        return last
    for table, kind, is_full, file_ids, seen in files:
        is_known = _read_changed(connection, table, file_ids, seen or [], as_of, is_full=is_full)
        _split(connection)
        found = connection.execute(_CONTACTS).fetchall()
        contacts |= {contact_id: kind for (contact_id,) in found}
        [(shows_addresses, is_empty)] = connection.execute(
            "select coalesce(bool_or(part like '%@%'), false), count(*) = 0 from parts"
        ).fetchall()
        shows = found or shows_addresses or is_empty or _NO_PERSON.search(table)
        if not (is_known and shows):
            all_mail = kind
    return CrmNews(contacts, all_mail, files)


def _split(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table `parts` from the table `said`, in the forms in which keys are compared."""
    connection.execute(_PARTS)
    foreign = connection.execute("select part from parts where strlen(part) <> length(part)")
    normal = [normal_address(part) for (part,) in foreign.fetchall()]
    connection.execute(
        "insert into parts select unnest($said::varchar[])",
        {"said": [address for address in normal if address is not None]},
    )


def _read_changed(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    file_ids: list[str],
    seen: list[str],
    as_of: datetime,
    *,
    is_full: bool,
) -> bool:
    """Make the table `said`: the values of the new rows, and of the rejected lines.

    Returns:
        Whether these are all rows that the files change.
    """
    names = connection.execute(
        """select column_name from duckdb_columns()
        where schema_name = 'raw' and table_name = ? and column_name not like '\\_%' escape '\\'""",
        [table],
    ).fetchall()
    columns = ", ".join(f"{identifier(name)}::varchar" for (name,) in names)
    source = f"raw.{identifier(table)}"
    given = {"files": file_ids, "seen": seen, "as_of": as_of}
    new = f"""
        select {columns} from {source}
        where list_contains($files, _file_id)
            and (not list_contains($seen::varchar[], _file_id) or _received_at > $as_of)
    """  # noqa: S608 - identifiers are quoted
    before = connection.execute(_SEEN, {"table_name": table, "as_of": as_of}).fetchall()
    changed = f"({new})"
    was_full = False
    if before:
        [(given["before"], was_full)] = before
        old = f"select {columns} from {source} where _file_id = $before"  # noqa: S608 - as above
        changed = f"(({new}) except ({old}))"
        if is_full and was_full:
            changed += f" union (({old}) except ({new}))"
    listed = ", ".join(identifier(f"v{place}") for place in range(len(names)))
    connection.execute(
        f"""
        create or replace temp table said as
        with changed({listed}) as ({changed})
        select unnest([{listed}]) as value from changed
        union all
        select content from raw.rejects where list_contains($files, file_id)
        """,  # noqa: S608 - as above
        given,
    )
    return was_full or not is_full
