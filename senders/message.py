"""Convert a rendered e-mail to the bytes of an RFC 5322 message.

The same send, content and date always give the same bytes. All bytes are 7-bit ASCII (the bodies
are quoted-printable, RFC 2045 §6.7), except in an address that needs SMTPUTF8.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from email.header import Header
from email.utils import format_datetime, quote
from html import escape
from typing import TYPE_CHECKING

from senders.addresses import wire_address
from senders.errors import RenderError
from senders.redirects import may_redirect, problem_of
from senders.rendering import template_context

if TYPE_CHECKING:
    from datetime import datetime

    from senders.links import Links
    from senders.model import Identity, Send
    from senders.page import Link
    from senders.rendering import Rendered, Templates

# RFC 5322 §2.1.1: octets of a line without its CRLF.
_LONGEST_LINE = 998
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
# Up to the last end tag of the body, and the rest.
_BODY_END = re.compile(r"(.*)(</body\s*>.*)", re.IGNORECASE | re.DOTALL)
_FEEDBACK_PART = re.compile(r"[^A-Za-z0-9_.-]+")


def unsubscribe_url(send: Send, identity: Identity, links: Links) -> str:
    """Make the address that unsubscribes this contact (page and one-click, RFC 8058)."""
    return links.unsubscribe(send.send_id, send.email, identity.list_id)


def message_id(send: Send, identity: Identity) -> str:
    """Make the Message-ID, angle brackets included; the same for every try of a send."""
    return f"<{send.send_id}@{identity.domain}>"


def compose(
    send: Send,
    templates: Templates,
    identity: Identity,
    links: Links,
    date: datetime,
    *,
    smtputf8: bool = False,
) -> bytes:
    """Render a send's template for its contact and build the message.

    Raises:
        ComposeError: see `Templates.render` and `build_message`.

    """
    context = template_context(send, identity, unsubscribe_url(send, identity, links))
    rendered = templates.render(send.template, context)
    return build_message(send, rendered, identity, links, date, smtputf8=smtputf8)


def build_message(
    send: Send,
    rendered: Rendered,
    identity: Identity,
    links: Links,
    date: datetime,
    *,
    smtputf8: bool = False,
) -> bytes:
    """Build the message: headers, text and HTML, one-click unsubscribe, tracked links, open pixel.

    Args:
        send: the send.
        rendered: its content. The HTML must show a link to unsubscribe, and the postal
            address. The text gets both at its end if it lacks them.
        identity: the sender of the mail.
        links: makes the unsubscribe, click and open addresses.
        date: the Date header; needs a time zone.
        smtputf8: whether the mail system accepts a non-ASCII local part.

    Returns:
        multipart/alternative with CRLF line ends, no line longer than 998 octets.

    Raises:
        AddressError: `send.email` cannot be mailed.
        RenderError: the HTML shows no link to unsubscribe or no postal address, a link leads
            where no link of an e-mail may lead, or a header is too long.

    """
    unsubscribe = unsubscribe_url(send, identity, links)
    recipient = wire_address(send.email, smtputf8=smtputf8)
    html = _html_part(send, rendered, identity, links, unsubscribe)
    text = _text_part(rendered.text, identity, unsubscribe)
    # Quoted-printable never contains "=_", so the boundary cannot occur in a part.
    boundary = "=_" + hashlib.sha256(send.send_id.encode()).hexdigest()[:32]
    headers = [
        f"From: {_mailbox(identity.from_name, identity.from_email)}",
        f"To: {recipient}",
        f"Subject: {_words('Subject', rendered.subject)}",
        f"Date: {format_datetime(date)}",
        f"Message-ID: {message_id(send, identity)}",
        *([f"Reply-To: {identity.reply_to}"] if identity.reply_to else []),
        f"List-Id: <{identity.list_id}>",
        f"List-Unsubscribe: <{unsubscribe}>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        f"Feedback-ID: {_feedback_id(send)}",
        f"X-Sendhouse-Send-Id: {send.send_id}",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
    ]
    _refuse_long_lines(send, headers)
    head = "\r\n".join(headers).encode("utf-8" if smtputf8 else "ascii")
    return b"".join(
        (
            head,
            b"\r\n",
            _part("plain", text, boundary),
            _part("html", html, boundary),
            f"\r\n--{boundary}--\r\n".encode(),
        )
    )


def _part(subtype: str, content: str, boundary: str) -> bytes:
    head = (
        f"\r\n--{boundary}\r\n"
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    lines = content.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    body = binascii.b2a_qp(lines.encode(), istext=True)
    return head.encode() + body.replace(b"\n", b"\r\n")


def _text_part(text: str, identity: Identity, unsubscribe: str) -> str:
    footer: list[str] = []
    if _squeeze(identity.postal_address) not in _squeeze(text):
        footer.append(identity.postal_address)
    if unsubscribe not in text:
        footer.append(f"Unsubscribe: {unsubscribe}")
    return "\n\n".join([text.rstrip("\n"), *footer])


def _html_part(
    send: Send, rendered: Rendered, identity: Identity, links: Links, unsubscribe: str
) -> str:
    way_out = False

    def track(link: Link) -> str | None:
        nonlocal way_out
        url = link.url(rendered.values)
        if url == unsubscribe:
            way_out = way_out or link.is_seen(rendered.values)
            return None
        if problem := problem_of(link, url, rendered.hosts, links):
            raise RenderError(f"template {send.template}: {problem}")
        if link.is_followed and may_redirect(link, url, rendered.hosts, links):
            return links.click(send.send_id, url)
        return None

    html = rendered.page.html_for(rendered.values, track)
    if not way_out:
        raise RenderError(
            f"template {send.template}: the HTML shows no link to unsubscribe: write "
            '<a href="{{ unsubscribe_url }}">Unsubscribe</a> where every reader sees it'
        )
    shown = rendered.page.shown_for(rendered.values)
    if "".join(identity.postal_address.split()) not in shown:
        raise RenderError(
            f"template {send.template}: the HTML does not show {{{{ identity.postal_address }}}}"
        )
    pixel = f'<img src="{escape(links.open_pixel(send.send_id))}" width="1" height="1" alt="">'
    body = _BODY_END.fullmatch(html)
    return f"{body[1]}{pixel}{body[2]}" if body else html + pixel


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def _mailbox(name: str, address: str) -> str:
    if not name.isascii() or "=?" in name:
        return f"{_words('From', name)} <{address}>"
    return f"{name} <{address}>" if _ATOMS.fullmatch(name) else f'"{quote(name)}" <{address}>'


def _words(header: str, text: str) -> str:
    """Write text as a folded header value: unchanged, or as encoded words (RFC 2047)."""
    # Text that looks like an encoded word would be decoded, and a long word cannot be folded.
    plain = text.isascii() and "=?" not in text and max(map(len, text.split())) <= 64
    charset = "us-ascii" if plain else "utf-8"
    return Header(text, charset, maxlinelen=76, header_name=header).encode(linesep="\r\n")


def _feedback_id(send: Send) -> str:
    """Name the mailing for Gmail's feedback loop; the name contains no data of the recipient."""
    parts = (_FEEDBACK_PART.sub("-", part) for part in (send.step, send.variant, send.sequence))
    return ":".join((*parts, "sendhouse"))


def _refuse_long_lines(send: Send, headers: list[str]) -> None:
    for header in headers:
        if any(len(line.encode()) > _LONGEST_LINE for line in header.split("\r\n")):
            raise RenderError(
                f"send {send.send_id}: header {header.partition(':')[0]} is longer than "
                f"{_LONGEST_LINE} octets (RFC 5322)"
            )
