"""Classify an e-mail address by syntax and word lists, without contacting a server."""

from __future__ import annotations

from enum import StrEnum

from disposable_email_domains import blocklist
from email_validator import EmailNotValidError, validate_email

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


def verdict(address: str) -> Verdict:
    """Classify one address; the caller trims surrounding whitespace.

    An address is invalid if it breaks the syntax of RFC 5321 or names a host that cannot receive
    mail: a name without a dot, or reserved by RFC 6761 (example: `.test`).
    """
    try:
        parsed = validate_email(address, check_deliverability=False)
    except EmailNotValidError:
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
