"""The contract of a sender, and how a sender is found by its name.

A file `senders/<name>.py` with a function `create(config) -> Sender` is a sender; no list names it.

`config` holds the keys of `[senders.<name>]` in sendhouse.toml (for `smtp`: of `[smtp]`), `outbox`
(the folder for mail that stays on this machine), and the sender's secrets. The module declares its
secrets, for example `SECRETS = ("api_key",)`. Each secret comes from the environment, here from
`SENDHOUSE_<NAME>_API_KEY`. A secret that is not set is missing from `config`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from senders.secrets import variables_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The possible results of a try that has begun.
Result = Literal["sent", "rejected", "failed", "deferred", "unknown"]
# The cause of a refusal; None for an accepted message.
Fault = Literal["recipient", "sender", "transient"]
Evidence = Literal["sent", "not_sent"]

_PACKAGE = "senders"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Outcome:
    """The result of one try.

    Attributes:
        status: `sent` (accepted), `deferred` (not accepted, may be tried again), `rejected`
            (refused for good), `failed` (could not be tried; with the fault `recipient` for good),
            `unknown` (may have been accepted).
        provider_message_id: the accepting system's own name for the message.
        smtp_code: the basic reply code (RFC 5321) that decided the status.
        fault: the cause of a refusal.
        detail: the reply or the error, without addresses.

    """

    status: Result
    provider_message_id: str | None = None
    smtp_code: int | None = None
    fault: Fault | None = None
    detail: str | None = None


class SenderUnavailableError(Exception):
    """Nothing can be sent now (no connection, no login): the dispatch stops, other sends stay due.

    A sender that raises this error from `send` has not handed over the message.
    """


class SenderConfigError(ValueError):
    """The sender does not exist, or a setting of the sender is missing or wrong."""


class Sender(Protocol):
    """A way to send mail. `send` may run `connections` times at once."""

    @property
    def name(self) -> str:
        """The sender's name in the journal."""
        ...

    @property
    def connections(self) -> int:
        """The number of messages that the sender takes at once; known after `open`."""
        ...

    @property
    def supports_smtputf8(self) -> bool:
        """Whether addresses with a non-ASCII local part are accepted; known after `open`."""
        ...

    async def open(self) -> None:
        """Prepare to send.

        Raises:
            SenderUnavailableError: nothing can be sent now.

        """
        ...

    async def close(self) -> None:
        """Release all resources; safe to repeat."""
        ...

    async def send(
        self, *, envelope_from: str, recipient: str, message_id: str, data: bytes, send_id: str
    ) -> Outcome:
        """Hand over one message.

        Args:
            envelope_from: the bounce address (wire form).
            recipient: the one recipient (wire form).
            message_id: the Message-ID header, angle brackets included.
            data: the message, CRLF line ends, ending in CRLF.
            send_id: the send of this message (see `Send.send_id`).

        Raises:
            SenderUnavailableError: nothing can be sent now, this message included.

        """
        ...

    def evidence(self, send_id: str, message_id: str) -> Evidence | None:
        """Return the proven result of a try whose process died; None without proof."""
        ...


def load_sender(name: str, config: Mapping[str, Any]) -> Sender:
    """Make the sender that `senders/<name>.py` defines.

    Args:
        name: the file's name without `.py`.
        config: the sender's settings and secrets; `create` of each sender documents its keys.

    Raises:
        SenderConfigError: the sender does not exist, or a setting or secret is missing or wrong.

    """
    if not _exists(name):
        raise SenderConfigError(f"unknown sender {name!r}; available: {', '.join(_available())}")
    create = _create_of(name)
    if create is None:
        raise SenderConfigError(
            f"senders/{name}.py is not a sender: it has no function create(config); "
            f"available: {', '.join(_available())}"
        )
    try:
        return create(config)
    except KeyError as error:
        key = error.args[0]
        variable = secrets_of(name).get(key)
        if variable is not None:
            raise SenderConfigError(
                f"sender {name}: secret '{key}' is missing: set {variable} in the environment"
            ) from error
        raise SenderConfigError(f"sender {name}: setting '{key}' is missing") from error


def secrets_of(name: str) -> dict[str, str]:
    """Map each secret that a sender declares in `SECRETS` to its environment variable.

    Example: `{"password": "SENDHOUSE_SMTP_PASSWORD"}`. Empty for an unknown sender.
    """
    return variables_of(_module(name), name) if _exists(name) else {}


def _exists(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and find_spec(f"{_PACKAGE}.{name}") is not None


def _available() -> list[str]:
    package = import_module(_PACKAGE)
    names = (module.name for module in iter_modules(package.__path__))
    return sorted(name for name in names if _create_of(name) is not None)


def _create_of(name: str) -> Callable[[Mapping[str, Any]], Sender] | None:
    create = getattr(_module(name), "create", None)
    return cast("Callable[[Mapping[str, Any]], Sender] | None", create)


def _module(name: str) -> object:
    return import_module(f"{_PACKAGE}.{name}")
