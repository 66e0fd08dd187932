"""E-mail addresses: the forms in which they are compared, stored and sent."""

from __future__ import annotations

import unicodedata
from hashlib import sha256

import idna
from email_validator import EmailNotValidError, validate_email

from senders.errors import AddressError

# The same blanks as in dbt/macros/engine/email.sql; str.strip() would remove more characters.
_BLANKS = " \t\r\n\u00a0\u200b\ufeff"


def wire_address(email: str, *, smtputf8: bool = False) -> str:
    """Check the syntax of an address (RFC 5321) and convert the address to its wire form.

    Args:
        email: the address; its domain may be in Unicode.
        smtputf8: whether the mail system accepts a non-ASCII local part (RFC 6531).

    Returns:
        `local@domain`, the domain in lower case and as A-labels (RFC 5890).

    Raises:
        AddressError: the text is not an address, or has a non-ASCII local part without SMTPUTF8.

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
    """Hash an address that must be recognised but not read.

    SHA-256 of the lowercase, trimmed address, hexadecimal: the same as `hash_email` in dbt.
    """
    return sha256(lowercase(email.strip()).encode()).hexdigest()


def lowercase(text: str) -> str:
    """Convert text to lower case like `lower` in DuckDB: each letter alone, to one letter.

    `str.lower` also looks at neighbours: a final Σ becomes ς, and İ becomes two characters.
    """
    return text.lower() if text.isascii() else "".join(letter.lower()[0] for letter in text)


def ascii_domain(domain: str) -> str | None:
    """Convert a domain to its ASCII form in the DNS: `bücher.example` is `xn--bcher-kva.example`.

    IDNA 2008 (RFC 5891) after the mapping of UTS 46 (case, width, dots), without transitional
    processing: ß stays ß.

    Args:
        domain: the domain in any spelling.

    Returns:
        The ASCII form, lowercase; None if the text is not a domain.

    """
    try:
        return idna.encode(domain, uts46=True, transitional=False).decode("ascii").lower()
    except idna.IDNAError:
        return None


def canonical_email(address: str) -> str:
    """Convert an address like the models (`canonical_email` in dbt/macros/canonical_email.sql).

    Args:
        address: the address in any spelling.

    Returns:
        The address in lower case and composed letters, its domain in ASCII where possible. Other
        text comes back in lower case and composed letters.

    """
    plain = lowercase(unicodedata.normalize("NFC", address.strip(_BLANKS)))
    name, at, domain = plain.rpartition("@")
    if not at or domain.isascii():
        return plain
    return f"{name}@{ascii_domain(domain) or domain}"
