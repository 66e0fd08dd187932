"""Addresses in the one form in which they are compared."""

from __future__ import annotations

import unicodedata

import idna

# As in dbt/macros/engine/email.sql; what str.strip() takes for blank is more.
_BLANKS = " \t\r\n\u00a0\u200b\ufeff"


def ascii_domain(domain: str) -> str | None:
    """Write a domain in the letters of the DNS: `bücher.example` is `xn--bcher-kva.example`.

    As IDNA 2008 (RFC 5891) says, after the mapping of UTS 46 (case, width, dots) but without its
    transitional part: ß stays ß.

    Args:
        domain: as somebody wrote it.

    Returns:
        The ASCII form, lowercase; None when there is none, the domain being no such name.

    """
    try:
        return idna.encode(domain, uts46=True, transitional=False).decode("ascii").lower()
    except idna.IDNAError:
        return None


def canonical_email(address: str) -> str:
    """Write an address as the models do (`canonical_email` in dbt/macros/engine/email.sql).

    Args:
        address: as somebody wrote it.

    Returns:
        It lowercase, in composed letters, its domain in ASCII where it has such a form; what is no
        address comes back lowercase and composed.

    """
    plain = unicodedata.normalize("NFC", address.strip(_BLANKS)).lower()
    name, at, domain = plain.rpartition("@")
    if not at or domain.isascii():
        return plain
    return f"{name}@{ascii_domain(domain) or domain}"
