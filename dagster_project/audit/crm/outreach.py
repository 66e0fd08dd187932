"""Events that look like mailings of another program, and count as the contact's own activity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from dagster_project.audit.crm.field_names import words
from dagster_project.audit.crm.results import Outreach

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

_SENT = {
    *{"email", "mail", "mailing", "newsletter", "campaign", "sms", "push", "letter", "postcard"},
    *{"leaflet", "catalog", "catalogue", "brochure", "whatsapp", "mailshot", "flyer", "drip"},
}
_DONE_TO_A_CONTACT = {
    *{"sent", "send", "delivered", "received", "mailed", "dispatched", "bounced", "deferred"},
    *{"queued", "dropped", "processed", "scheduled", "issued", "out"},
}
_ALWAYS = {"mailing", "mailings", "mailshot", "mailed"}
_DONE_BY_A_CONTACT = {
    *{"opened", "open", "clicked", "click", "replied", "reply", "viewed", "read", "subscribed"},
    *{"unsubscribed", "signup", "forwarded", "redeemed", "confirmed", "verified", "changed"},
}


def outreach(connection: duckdb.DuckDBPyConnection, project_dir: Path) -> list[Outreach]:
    """List the event names that look like mailings and are not under `outreach_events`.

    Args:
        connection: the warehouse.
        project_dir: the folder of dbt_project.yml.
    """
    project = yaml.safe_load((project_dir / "dbt_project.yml").read_text(encoding="utf-8"))
    known = project.get("vars", {}).get("outreach_events") or []
    counted = connection.execute(
        """select name, count(*), approx_count_distinct(contact_key) from raw.events
        where name not in (select unnest($known::varchar[])) group by name order by name""",
        {"known": known},
    ).fetchall()
    return [Outreach(*row) for row in counted if is_outreach(row[0])]


def is_outreach(name: str) -> bool:
    """Whether an event name says that a contact got something, not that it did something."""
    found = {*words(name)}
    if found & _DONE_BY_A_CONTACT:
        return False
    return bool(found & _ALWAYS or (found & _SENT and found & _DONE_TO_A_CONTACT))
