"""Where a link leads: the address as a browser reads it, its scheme and its host.

Browsers repair addresses before they follow them (https://url.spec.whatwg.org): tabs and line ends
vanish, a backslash is a slash, `https:host` is `https://host`. What is judged is the repaired form.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from senders.addresses import ascii_domain

# Schemes that run code, or show what no server sent.
FORBIDDEN = frozenset({
    "about", "blob", "data", "file", "filesystem", "javascript", "livescript", "mhtml", "mocha",
    "vbscript", "view-source",
})  # fmt: skip
# Schemes that may come from the data of a contact.
HARMLESS = frozenset({"http", "https", "mailto", "sms", "tel"})

_AROUND = "".join(map(chr, range(0x21)))
_VANISHES = str.maketrans("", "", "\t\r\n")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_WEB = re.compile(r"(https?):[\\/]*([^\\/?#]*)([^?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_PORT = re.compile(r":\d*$")
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f]")
_WRITTEN = re.compile(r"""https?:[\\/]*([^\s\\/?#"'<>{}()]+)""", re.IGNORECASE)
_ENCODED = re.compile(r"(?:[\w.~!$'()*,;:@/-]|%[0-9A-Fa-f]{2})*", re.ASCII)


def as_followed(url: str) -> str:
    """Repair an address like a browser; blanks and control characters are percent-encoded."""
    url = url.strip(_AROUND).translate(_VANISHES)
    web = _WEB.fullmatch(url)
    if web:
        scheme, authority, path, rest = web.groups()
        url = f"{scheme}://{authority}{path.replace(chr(92), '/')}{rest}"
    return _UNSAFE.sub(lambda character: quote(character[0]), url)


def scheme_of(url: str) -> str | None:
    """Return the scheme of an address in lower case; None for a relative address."""
    found = _SCHEME.match(url)
    return found[1].lower() if found else None


def is_without_scheme(url: str) -> bool:
    """Whether an address names a host, but no scheme (`//host/path`)."""
    return len(url) > 1 and url[0] in "/\\" and url[1] in "/\\"


def host_of(url: str) -> str | None:
    """Return the host of a web address; None for other addresses and a missing host."""
    web = _WEB.fullmatch(url)
    return _host(web[2]) if web else None


def hosts_in(source: str) -> set[str]:
    """Find the hosts of all web addresses that a text names."""
    return {host for authority in _WRITTEN.findall(source) if (host := _host(authority))}


def is_listed(host: str, listed: frozenset[str]) -> bool:
    """Whether a list of hosts holds this one: `x.example`, or `*.x.example` for those below it."""
    below = host.split(".")
    return host in listed or any(
        "*." + ".".join(below[start:]) in listed for start in range(1, len(below))
    )


def as_listed(text: str) -> str | None:
    """Read a host of a list, `x.example` or `*.x.example`; None if the text is neither."""
    star = "*." if text.startswith("*.") else ""
    domain = ascii_domain(text[len(star) :].strip().rstrip("."))
    return star + domain if domain and "*" not in domain else None


def is_encoded(value: str) -> bool:
    """Whether a value can stand in the path or query of an address and keep its meaning."""
    return _ENCODED.fullmatch(value) is not None


def _host(authority: str) -> str | None:
    host = authority.rpartition("@")[2]
    host = _PORT.sub("", host).rstrip(".").lower()
    if not host:
        return None
    return host if host.isascii() else ascii_domain(host) or host
