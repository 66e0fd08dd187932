"""Addresses: the form in which they are compared, kept and sent."""

from __future__ import annotations

import unicodedata
from hashlib import sha256

import idna
from email_validator import EmailNotValidError, validate_email

from senders.errors import AddressError

# As in dbt/macros/engine/email.sql; what str.strip() takes for blank is more.
_BLANKS = " \t\r\n\u00a0\u200b\ufeff"


def wire_address(email: str, *, smtputf8: bool = False) -> str:
    """Check the syntax of an address (RFC 5321) and write it for the wire.

    Args:
        email: the address; its domain may be in Unicode.
        smtputf8: whether the mail system takes a non-ASCII local part (RFC 6531).

    Returns:
        `local@domain`, the domain in lower case and as A-labels (RFC 5890).

    Raises:
        AddressError: not an address, or a non-ASCII local part without SMTPUTF8.

    """
    try:
        parsed = validate_email(email.strip(), check_deliverability=False)
    except EmailNotValidError as error:
        raise AddressError(f"not an e-mail address: {error}") from error
    if parsed.ascii_email is not None:
        return parsed.ascii_email
    if not smtputf8:
        raise AddressError(
            "the part before the @ is not ASCII and the mail server does not offer SMTPUTF8"
        )
    return f"{parsed.local_part}@{parsed.ascii_domain}"


def email_hash(email: str) -> str:
    """The form in which an address is kept when it must be recognised but not read.

    SHA-256 of the lowercase, trimmed address, hexadecimal: as `hash_email` in the warehouse.
    """
    return sha256(email.strip().lower().encode()).hexdigest()


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
