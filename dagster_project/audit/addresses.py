"""Whether a text is an address worth mailing. No server is asked."""

from __future__ import annotations

from enum import StrEnum

from disposable_email_domains import blocklist
from email_validator import EmailNotValidError, validate_email

# Mailboxes of a function, read by nobody in particular or by many: RFC 2142, and what companies
# print on their sites in the languages met so far.
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
    """What an address is good for."""

    personal = "personal"
    role = "role"
    disposable = "disposable"
    invalid = "invalid"


def verdict(address: str) -> Verdict:
    """Judge one address, to the letter; a field's value comes without the blanks around it.

    Invalid is what breaks the syntax of RFC 5321 or names a host that mail cannot reach (no dot,
    or reserved by RFC 6761, such as `.test`).
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
    """Throw-away mail services hand out names below their own, too."""
    labels = domain.lower().split(".")
    return any(".".join(labels[place:]) in blocklist for place in range(len(labels) - 1))
