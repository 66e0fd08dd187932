"""The records that all senders share: a send, and the identity of its sender."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from senders.addresses import wire_address
from senders.errors import AddressError

if TYPE_CHECKING:
    from datetime import datetime

# A dot-atom (RFC 5322 §3.2.3) that is also a plain file name: it becomes a Message-ID and a path.
_SEND_ID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LIST_ID = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True)
class Send:
    """One message to one contact: a row of `delivery.send_queue`.

    Attributes:
        send_id: hash of enrollment and step, the same for every try; letters, digits, `_`, `-`
            and single dots.
        contact_id: the contact.
        email: the recipient's address, in the contact's spelling.
        sequence: the sequence (or broadcast) that decided the send.
        step: the step of the sequence.
        variant: the arm of an experiment, or `default`.
        template: name of the e-mail, `<sequence>/<step>`.
        scheduled_at: the due time (UTC).
        expires_at: from this time (UTC) the send must not leave any more.
        priority: a lower number leaves first.
        personalization: the variable `contact` of templates.

    Raises:
        ValueError: `send_id` has other characters, or a time has no time zone.

    """

    send_id: str
    contact_id: str
    email: str
    sequence: str
    step: str
    variant: str
    template: str
    scheduled_at: datetime
    expires_at: datetime
    priority: int
    personalization: dict[str, Any]

    def __post_init__(self) -> None:
        if not _SEND_ID.fullmatch(self.send_id):
            raise ValueError(
                f"send_id {self.send_id!r} must be letters, digits, '_' and '-', with single dots"
            )
        for name in ("scheduled_at", "expires_at"):
            if getattr(self, name).tzinfo is None:
                raise ValueError(f"send {self.send_id}: {name} has no time zone")


@dataclass(frozen=True)
class Identity:
    """The sender of the mail, as recipients see it.

    Attributes:
        from_name: display name of From.
        from_email: address of From and of the envelope; stored in its wire form (A-labels).
        reply_to: address for replies, or None for From; stored in its wire form.
        postal_address: the sender's postal address, shown in every e-mail.
        list_id: List-Id (RFC 2919), and the list name of unsubscribe links.

    Raises:
        ValueError: a field is empty, is not an address, or could break out of its header.

    """

    from_name: str
    from_email: str
    reply_to: str | None
    postal_address: str
    list_id: str

    def __post_init__(self) -> None:
        if not self.from_name.strip() or _CONTROL.search(self.from_name):
            raise ValueError("identity.from_name is empty or contains a control character")
        if not self.postal_address.strip():
            raise ValueError(
                "identity.postal_address is empty: marketing e-mail must show a postal address"
            )
        if not _LIST_ID.fullmatch(self.list_id):
            raise ValueError(
                f"identity.list_id must look like a domain (RFC 2919), not {self.list_id!r}"
            )
        object.__setattr__(self, "from_email", _own_address("from_email", self.from_email))
        if self.reply_to is not None:
            object.__setattr__(self, "reply_to", _own_address("reply_to", self.reply_to))

    @property
    def domain(self) -> str:
        """The domain of `from_email`, as A-labels."""
        return self.from_email.rpartition("@")[2]


def _own_address(key: str, value: str) -> str:
    try:
        return wire_address(value)
    except AddressError as error:
        raise ValueError(f"identity.{key}: {error}") from error
