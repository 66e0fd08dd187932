"""Classify an e-mail address by syntax and word lists, without contacting a server."""

from __future__ import annotations

from enum import StrEnum

from disposable_email_domains import blocklist

from senders.address_cells import read_cell
from senders.addresses import parse_address
from senders.errors import AddressError

# Shared mailboxes: the names in RFC 2142, and common names on company websites in English, German
# and Spanish.
ROLES = frozenset({
    "abuse", "accounting", "accounts", "admin", "administrator", "all", "billing", "bookings",
    "buchhaltung", "careers", "contact", "contacto", "customerservice", "editor", "einkauf",
    "enquiries", "events", "everyone", "feedback", "finance", "ftp", "general", "hello", "help",
    "helpdesk", "hostmaster", "hr", "info", "information", "inquiries", "it", "jobs", "kontakt",
    "legal", "list", "mail", "mailer-daemon", "marketing", "media", "moderator", "news",
    "newsletter", "no-reply", "noc", "noreply", "office", "orders", "partners", "postmaster",
    "press", "privacy", "reception", "recruiting", "root", "sales", "security", "service",
    "services", "shop", "staff", "subscribe", "support", "sysadmin", "team", "tech", "test",
    "unsubscribe", "usenet", "ventas", "ventes", "vertrieb", "webmaster", "www",
})  # fmt: skip


class Verdict(StrEnum):
    """The class of an address."""

    personal = "personal"
    role = "role"
    disposable = "disposable"
    invalid = "invalid"


def verdict_of_cell(cell: str) -> Verdict:
    """Classify the address in a cell, read as the models read it (`senders.address_cells`).

    A cell without one certain address is invalid: no mail goes to its record.
    """
    return verdict(read_cell(cell).address or "")


def verdict(address: str) -> Verdict:
    """Classify one address; an address that cannot be mailed (`parse_address`) is invalid."""
    try:
        parsed = parse_address(address)
    except AddressError:
        return Verdict.invalid
    if _is_disposable(parsed.ascii_domain):
        return Verdict.disposable
    if parsed.local_part.lower().split("+")[0] in ROLES:
        return Verdict.role
    return Verdict.personal


def _is_disposable(domain: str) -> bool:
    """Whether the domain or a parent domain is a disposable mail service."""
    labels = domain.lower().split(".")
    return any(".".join(labels[place:]) in blocklist for place in range(len(labels) - 1))
