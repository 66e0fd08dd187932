"""Addresses as they go over the wire."""

from __future__ import annotations

from hashlib import sha256

from email_validator import EmailNotValidError, validate_email

from senders.errors import AddressError


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
