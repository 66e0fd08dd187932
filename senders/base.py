"""What a sender is, and how one is found by its name.

A file `senders/<name>.py` with a function `create(config) -> Sender` is a sender; there is no list
to add it to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# What can come of a try that has begun.
Result = Literal["sent", "rejected", "failed", "deferred", "unknown"]
# Who is to blame when it did not work; nobody for a try that did.
Fault = Literal["recipient", "sender", "transient"]
Evidence = Literal["sent", "not_sent"]

_PACKAGE = "senders"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Outcome:
    """What came of one try.

    Attributes:
        status: `sent` (accepted), `deferred` (not accepted, may be tried again), `rejected`
            (refused for good), `failed` (could not be tried), `unknown` (may have been accepted).
        provider_message_id: what the accepting side calls the message.
        smtp_code: the basic reply code (RFC 5321) that decided.
        fault: whose fault a refusal is.
        detail: the reply or the error, without addresses.

    """

    status: Result
    provider_message_id: str | None = None
    smtp_code: int | None = None
    fault: Fault | None = None
    detail: str | None = None


class SenderUnavailableError(Exception):
    """Nothing can be sent now (no connection, no login): stop, and leave the rest for later.

    Whoever raises it from `send` has not handed over the message.
    """


class SenderConfigError(ValueError):
    """There is no such sender, or its settings are missing or wrong."""


class Sender(Protocol):
    """A way for mail to leave. `send` may run `connections` times at once."""

    @property
    def name(self) -> str:
        """What the journal calls it."""
        ...

    @property
    def connections(self) -> int:
        """How many messages it can take at once; known after `open`."""
        ...

    @property
    def supports_smtputf8(self) -> bool:
        """Whether it takes addresses with a non-ASCII local part; known after `open`."""
        ...

    async def open(self) -> None:
        """Get ready to send.

        Raises:
            SenderUnavailableError: nothing can be sent now.

        """
        ...

    async def close(self) -> None:
        """Let go of everything; safe to repeat."""
        ...

    async def send(
        self, *, envelope_from: str, recipient: str, message_id: str, data: bytes, send_id: str
    ) -> Outcome:
        """Hand over one message.

        Args:
            envelope_from: where bounces go (wire form).
            recipient: the one recipient (wire form).
            message_id: the Message-ID header, angle brackets included.
            data: the message, CRLF line ends, ending in CRLF.
            send_id: the send it belongs to (see `Send.send_id`).

        Raises:
            SenderUnavailableError: nothing can be sent now, this message included.

        """
        ...

    def evidence(self, send_id: str, message_id: str) -> Evidence | None:
        """Say for certain what came of a try whose process died, or None."""
        ...


def load_sender(name: str, config: Mapping[str, Any]) -> Sender:
    """Make the sender that `senders/<name>.py` defines.

    Args:
        name: the file's name without `.py`.
        config: that sender's settings; each sender's `create` says which it reads.

    Raises:
        SenderConfigError: no such sender, or its settings are missing or wrong.

    """
    if not _NAME.fullmatch(name) or find_spec(f"{_PACKAGE}.{name}") is None:
        raise SenderConfigError(f"no sender {name!r}; there are: {', '.join(_available())}")
    create = _create_of(name)
    if create is None:
        raise SenderConfigError(
            f"senders/{name}.py is not a sender (it has no create(config)); "
            f"there are: {', '.join(_available())}"
        )
    try:
        return create(config)
    except KeyError as error:
        raise SenderConfigError(f"sender {name}: setting {error} is missing") from error


def _available() -> list[str]:
    package = import_module(_PACKAGE)
    names = (module.name for module in iter_modules(package.__path__))
    return sorted(name for name in names if _create_of(name) is not None)


def _create_of(name: str) -> Callable[[Mapping[str, Any]], Sender] | None:
    module = import_module(f"{_PACKAGE}.{name}")
    return cast("Callable[[Mapping[str, Any]], Sender] | None", getattr(module, "create", None))
