"""E-mail addresses: which texts are addresses, and the form in which addresses are compared.

`parse_address` is the only definition of an address that can be mailed. `normal_address` is the
only form in which addresses are compared and stored. `address_cells` reads the cells of files.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256

import idna
from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from senders.errors import AddressError, SmtpUtf8Error

# The lower case of the Turkish I with a dot is i, with or without a combining dot above.
_DOTTED_I = re.compile("([ij])\u0307")
# At the end of a word the small sigma has a form of its own.
_SIGMA, _FINAL_SIGMA = "\N{GREEK SMALL LETTER SIGMA}", "\N{GREEK SMALL LETTER FINAL SIGMA}"
_SIGMA_AT_END = re.compile(rf"(?<=[^\W\d_]){_SIGMA}(?![^\W\d_])")


def parse_address(text: str) -> ValidatedEmail:
    """Parse an address that can be mailed (RFC 5321, RFC 6531).

    Quoted local parts, domain literals, names without a dot and reserved domains (RFC 6761, such
    as `.test`) cannot be mailed.

    Args:
        text: an address without surrounding blanks.

    Raises:
        AddressError: the text is no such address; the message does not quote the text.

    """
    try:
        return validate_email(text, check_deliverability=False)
    except EmailNotValidError as error:
        raise AddressError(f"not an e-mail address: {error}") from error


def wire_address(email: str, *, smtputf8: bool = False) -> str:
    """Convert an address to its wire form.

    Args:
        email: the address; its domain may be in Unicode.
        smtputf8: whether the mail system accepts a non-ASCII local part (RFC 6531).

    Returns:
        `local@domain`, the domain in lower case and as A-labels (RFC 5890).

    Raises:
        AddressError: the text is not an address, or has a domain that no mail system can reach,
            such as `.test` (RFC 6761).
        SmtpUtf8Error: the part before the @ is not ASCII, and SMTPUTF8 is missing.

    """
    parsed = parse_address(email.strip())
    if parsed.ascii_email is not None:
        return parsed.ascii_email
    if not smtputf8:
        raise SmtpUtf8Error(
            "the part before the @ is not ASCII and the mail server does not offer SMTPUTF8"
        )
    return f"{parsed.local_part}@{parsed.ascii_domain}"


def normal_address(text: str) -> str | None:
    """Convert an address to the one form in which addresses are compared.

    The letters follow the profile UsernameCaseMapped (RFC 8265, section 3.3): width mapping, lower
    case, composed letters. Forms of one letter count as one letter: both small sigmas, long s and
    s, the Turkish I with a dot and i. Eszett and ss stay different, and so do i with and without
    a dot. The domain is given as A-labels. Dots and plus-tags stay, because only some providers
    ignore them.

    Args:
        text: an address without surrounding blanks.

    Returns:
        The address; None if the text is not an address that can be mailed.

    """
    plain = text.lower() if text.isascii() else _one_spelling(_narrow(text))
    try:
        parsed = parse_address(plain)
    except AddressError:
        return None
    return f"{parsed.local_part}@{parsed.ascii_domain}"


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


def email_hash(email: str) -> str:
    """Hash an address that must be recognised but not read.

    SHA-256 of the normal form, hexadecimal: the same as `hash_email` in dbt.
    """
    plain = email.strip()
    known = plain.lower() if plain.isascii() else normal_address(plain) or lowercase(plain)
    return sha256(known.encode()).hexdigest()


def lowercase(text: str) -> str:
    """Convert text to composed letters in lower case, each letter alone, like `lower` in DuckDB.

    `str.lower` also looks at neighbours: a final sigma gets a form of its own, and
    the Turkish I with a dot becomes two characters.
    """
    lower = "".join(letter.lower()[0] for letter in unicodedata.normalize("NFC", text))
    return _DOTTED_I.sub(r"\1", unicodedata.normalize("NFC", lower))


def _narrow(text: str) -> str:
    """Replace fullwidth and halfwidth letters by the usual ones."""
    return "".join(map(_narrow_letter, text))


def _narrow_letter(letter: str) -> str:
    kind, _, code = unicodedata.decomposition(letter).partition(" ")
    return chr(int(code, 16)) if kind in ("<wide>", "<narrow>") else letter


def _one_spelling(text: str) -> str:
    """Convert text to lower case and replace forms of a letter by the letter (case folding)."""
    folded = lowercase("".join(map(_fold, lowercase(text))))
    return _SIGMA_AT_END.sub(_FINAL_SIGMA, folded)


def _fold(letter: str) -> str:
    folded = letter.casefold()
    return folded if len(folded) == 1 else letter
