"""Says when the keys of an events file name no contact: they may be keys of companies.

Events of an account or a subscription would otherwise become contacts without an address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from dagster_project.landing.shapes.kinds import Kind

_MIN_KEYS = 20
_MAX_ROWS = 100_000
"""A file's first rows are enough to judge its keys."""

# A contact that only events named, by an id, is not known.
_COUNTS = f"""
    with

    rows as (
        select contact_key from raw.events
        where file_id = $id and contact_key is not null limit {_MAX_ROWS}
    ),

    keys as (
        select distinct lower(trim(contact_key)) as key from rows
    ),

    named as (
        select lower(identities.key) as key, identities.contact_id
        from contacts.contact_identities as identities
        semi join keys on lower(identities.key) = keys.key
    ),

    known as (
        select named.key
        from named
        semi join (
            select contact_id from contacts.contact_identities
            where key_kind = 'email' or found_in = 'crm'
        ) as contacts on named.contact_id = contacts.contact_id
    )

    select
        count(*),
        count(*) filter (where not contains(key, '@') and key not in (select key from known))
    from keys
"""  # noqa: S608 - numbers of our own
_CAN_COMPARE = """
    select count(*) from duckdb_tables()
    where schema_name = 'contacts' and table_name = 'contact_identities' and estimated_size > 0
"""


def unknown_keys(connection: duckdb.DuckDBPyConnection, kind: Kind, file_id: str) -> str | None:
    """Return a notice if most keys of an events file name no known contact, else None.

    Args:
        connection: the warehouse, with the file's rows.
        kind: the file's kind. A source with `unknown_keys = "contacts"` has no notice.
        file_id: the file.

    """
    if kind.table != "events" or kind.source.unknown_keys == "contacts":
        return None
    if connection.execute(_CAN_COMPARE).fetchall() == [(0,)]:
        return None
    [(keys, unknown)] = connection.execute(_COUNTS, {"id": file_id}).fetchall()
    if keys < _MIN_KEYS or unknown * 2 <= keys:
        return None
    where = f"[sources.{kind.name}]" if kind.name != "events" else "a source of their own"
    return (
        f"{unknown:,} of {keys:,} keys name no known contact and are no addresses: each becomes a "
        f"contact without an address. Keys of companies (accounts, subscriptions) belong to "
        f'company_key: set columns = {{ company_key = "…" }} in {where}, then '
        f"`sendhouse land --again {kind.name}`. If the keys are contacts, set unknown_keys = "
        '"contacts"'
    )


def sources_with_unknown_keys(
    connection: duckdb.DuckDBPyConnection, kinds: list[Kind]
) -> list[str]:
    """Return a notice for each kind whose last landed file has mostly unknown keys.

    Args:
        connection: the warehouse.
        kinds: the kinds to look at, each once.

    """
    found: list[str] = []
    for kind in kinds:
        last = connection.execute(
            """select max_by(file_id, file_no) from raw.files
               where kind = $kind and error is null and rows_landed > 0""",
            {"kind": kind.name},
        ).fetchall()
        for (file_id,) in last:
            if file_id is not None and (notice := unknown_keys(connection, kind, file_id)):
                found.append(f"{kind.name}: {notice}")
    return found
