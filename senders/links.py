"""The signed links inside an e-mail: open pixel, click redirect, unsubscribe.

The sender makes the links and the collector reads them; no state is stored in between. A token is
`base64url(mac ‖ payload)` without padding (RFC 4648 §5). The MAC is HMAC-SHA256 (RFC 2104) over
kind and payload, truncated to 128 bits. So a token of one kind is not valid as another kind, and a
redirect only leads to the URL that the sender signed.

Everyone who sees a link can read its payload, and links end up in access logs. So the unsubscribe
token does not contain the address: `send_id` finds the contact, and a keyed hash binds the token to
the mailed address. The address cannot be guessed from the hash without the key.
"""

from __future__ import annotations

import binascii
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field

_MAC_BYTES = 16
_SEPARATOR = "\0"
_OPEN, _CLICK, _UNSUBSCRIBE, _ADDRESS = b"open", b"click", b"unsubscribe", b"address"
_WEB_URL = re.compile(r"https?://[^\s\x00-\x1f\x7f]+", re.IGNORECASE)


class BadTokenError(ValueError):
    """The token has another key or another kind of link, or was changed."""


@dataclass(frozen=True)
class Unsubscribe:
    """The content of an unsubscribe token.

    Attributes:
        send_id: the send of the link; it finds the contact.
        address_hash: `Links.address_hash` of the mailed address.
        list_name: the list that the contact unsubscribes from.
    """

    send_id: str
    address_hash: str
    list_name: str


@dataclass(frozen=True)
class Links:
    """Makes and reads the links of one installation; the same input always gives the same link.

    Args:
        base_url: the collector's public address, `http(s)://host[/path]`.
        key: the secret (SENDHOUSE_LINK_KEY). A new key invalidates every link already sent.
        hosts: where a redirect may lead besides the hosts that a template names: `x.example`, or
            `*.x.example` for the hosts below it; lowercase, as A-labels.

    Raises:
        ValueError: the base URL is not http(s), or the key is empty.
    """

    base_url: str
    key: str = field(repr=False)
    hosts: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not _WEB_URL.fullmatch(self.base_url):
            raise ValueError(
                f"links.base_url must start with http:// or https://, not {self.base_url!r}"
            )
        if not self.key:
            raise ValueError("the link key is empty: set SENDHOUSE_LINK_KEY")

    def open_pixel(self, send_id: str) -> str:
        """Make the address of the one-pixel image that records an open."""
        return self._url(f"o/{self._sign(_OPEN, send_id)}.gif")

    def click(self, send_id: str, url: str) -> str:
        """Make the address that records a click and redirects to `url`.

        Raises:
            ValueError: `url` is not http(s), or contains white space or control characters.
        """
        if not _WEB_URL.fullmatch(url):
            raise ValueError(f"a tracked link must be http(s) and contain no spaces, not {url!r}")
        return self._url(f"c/{self._sign(_CLICK, send_id, url)}")

    def unsubscribe(self, send_id: str, email: str, list_name: str) -> str:
        """Make the address that unsubscribes `email` from `list_name` (page and RFC 8058 POST)."""
        token = self._sign(_UNSUBSCRIBE, send_id, self.address_hash(email), list_name)
        return self._url(f"u/{token}")

    def address_hash(self, email: str) -> str:
        """Hash an address with the key, ignoring case: 22 URL-safe characters."""
        return _encode(self._mac(_ADDRESS, email.strip().lower().encode()))

    def read_open(self, token: str) -> str:
        """Read the `send_id` from the token of an open pixel (without `.gif`).

        Raises:
            BadTokenError: the token is not valid.
        """
        (send_id,) = self._read(_OPEN, token, fields=1)
        return send_id

    def read_click(self, token: str) -> tuple[str, str]:
        """Read `(send_id, url)` from a click token.

        Raises:
            BadTokenError: the token is not valid.
        """
        send_id, url = self._read(_CLICK, token, fields=2)
        return send_id, url

    def read_unsubscribe(self, token: str) -> Unsubscribe:
        """Read an unsubscribe token.

        Raises:
            BadTokenError: the token is not valid.
        """
        return Unsubscribe(*self._read(_UNSUBSCRIBE, token, fields=3))

    def _url(self, path: str) -> str:
        return f"{self.base_url.rstrip('/')}/{path}"

    def _mac(self, kind: bytes, payload: bytes) -> bytes:
        return hmac.digest(self.key.encode(), kind + b"\0" + payload, "sha256")[:_MAC_BYTES]

    def _sign(self, kind: bytes, *fields: str) -> str:
        if any(not part or _SEPARATOR in part for part in fields):
            raise ValueError(f"a part of a link is empty or contains NUL: {fields!r}")
        payload = _SEPARATOR.join(fields).encode()
        return _encode(self._mac(kind, payload) + payload)

    def _read(self, kind: bytes, token: str, *, fields: int) -> list[str]:
        signed = _decode(token)
        mac, payload = signed[:_MAC_BYTES], signed[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(kind, payload)):
            raise BadTokenError("the link's signature does not match")
        parts = payload.decode().split(_SEPARATOR)
        if len(parts) != fields:
            raise BadTokenError("the link was made by another version of Sendhouse")
        return parts


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(token: str) -> bytes:
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadTokenError("the link is not base64url") from error
    # Python's decoder ignores foreign characters and spare bits; a token must have one spelling.
    if _encode(raw) != token:
        raise BadTokenError("the link is not base64url")
    return raw
