"""Render an e-mail for one contact without sending it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import duckdb

from dagster_project.home.settings import Settings
from senders.links import Links
from senders.message import template_context, unsubscribe_url
from senders.model import Identity, Send
from senders.rendering import Rendered, Templates

_CONTACT = """
    select to_json(features)
    from contacts.contact_features as features
    where contact_id = $contact or email = lower(trim($contact))
    order by contact_id = $contact desc
    limit 1
"""


def find_contact(connection: duckdb.DuckDBPyConnection, contact: str) -> dict[str, Any] | None:
    """Find the features of a contact by contact_id or e-mail address; None if not found."""
    try:
        rows = connection.execute(_CONTACT, {"contact": contact}).fetchall()
    except duckdb.CatalogException:
        return None  # no tick has built the features yet
    return json.loads(rows[0][0]) if rows else None


def render(settings: Settings, template: str, contact: dict[str, Any], now: datetime) -> Rendered:
    """Render a template for a contact, with working links and a placeholder send.

    Raises:
        ComposeError: the template is missing or cannot be rendered for this contact.
    """
    sequence, _, step = template.rpartition("/")
    send = Send(
        send_id="preview",
        contact_id=str(contact["contact_id"]),
        email=contact["email"] or "",
        sequence=sequence,
        step=step,
        variant="default",
        template=template,
        scheduled_at=now,
        expires_at=now,
        priority=0,
        personalization=contact,
    )
    identity = Identity(**settings.identity.model_dump())
    links = Links(settings.links.base_url, settings.require_link_key())
    context = template_context(send, identity, unsubscribe_url(send, identity, links))
    return Templates(settings.templates_dir).render(template, context)
