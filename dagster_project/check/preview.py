"""Render an e-mail for one contact without sending it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb

from dagster_project.home.settings import Settings
from senders import redirects
from senders.errors import ComposeError
from senders.links import Links
from senders.message import build_message, template_context, unsubscribe_url
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
    send = _placeholder(template, contact, now)
    context = template_context(send, _identity(settings), _unsubscribe(settings, send))
    return Templates(settings.templates_dir).render(template, context)


def remarks(
    settings: Settings, template: str, contact: dict[str, Any], now: datetime
) -> Iterator[str]:
    """Build the message of a template for a contact; yield what its author should know.

    Args:
        settings: the settings.
        template: the name of the e-mail.
        contact: its features; their values have characters with a meaning in links.
        now: the date of the message.

    Raises:
        ComposeError: the message cannot be built for this contact.
    """
    send = _placeholder(template, contact, now)
    identity, links, leave = _identity(settings), _links(settings), _unsubscribe(settings, send)
    context = template_context(send, identity, leave)
    templates = Templates(settings.templates_dir)
    rendered = templates.render(template, context)
    places = templates.places(template, context)
    for line, message in rendered.remarks:
        yield f"{places.of_line(line)}: MJML: {message}"
    yield from redirects.remarks(rendered, places, links, leave)
    build_message(send, rendered, identity, links, now, smtputf8=True)
    yield from _remarks_on_all_branches(settings, template, context, links, leave)


def _remarks_on_all_branches(
    settings: Settings, template: str, context: dict[str, Any], links: Links, leave: str
) -> Iterator[str]:
    """Look at the links that this contact does not get."""
    templates = Templates(settings.templates_dir, all_branches=True)
    try:
        rendered = templates.render(template, context)
        places = templates.places(template, context)
    except ComposeError:
        return  # a branch needs another contact
    yield from redirects.remarks(rendered, places, links, leave)


def _placeholder(template: str, contact: dict[str, Any], now: datetime) -> Send:
    sequence, _, step = template.rpartition("/")
    return Send(
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


def _identity(settings: Settings) -> Identity:
    return Identity(**settings.identity.model_dump())


def _links(settings: Settings) -> Links:
    return Links(settings.links.base_url, settings.require_link_key(), settings.links.hosts)


def _unsubscribe(settings: Settings, send: Send) -> str:
    return unsubscribe_url(send, _identity(settings), _links(settings))
