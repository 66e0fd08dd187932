"""Webhooks of mail providers: deliveries, bounces and complaints arrive here as HTTP requests.

A file `collector/webhooks/<provider>.py` is mounted at `POST /webhooks/<provider>`; no list names
it. The file name has lower-case letters, digits and `_`. The module has two functions:

    SECRETS = ("signing_key",)  # optional: read from SENDHOUSE_<PROVIDER>_SIGNING_KEY

    def verify(delivery: Delivery) -> None:
        '''Check the provider's signature; raise NotVerifiedError if it does not match.'''

    def events(delivery: Delivery) -> Iterable[TrackingEvent]:
        '''Translate the verified body; raise BadDeliveryError if its format is wrong.'''

Both functions run in a thread, so they may block. Each provider signs differently, so each module
verifies its own requests; a module without `verify` stops the collector at its start.

The collector answers:

- 200: all events are stored. A provider repeats a request until it gets this answer; events with
  the same `event_id` count once. A body without events (a confirmation, a test) is also 200.
- 400 with the reason: BadDeliveryError. Nothing is stored, not even the other events of the body.
- 403: NotVerifiedError. Nothing is stored.
- 408, 413: the body is slower or larger than `CollectorConfig` allows.
- 500: a bug in the module. The log names the error's type and the line.
- 503: a secret is not set, or the landing folder cannot be written to.

The reason of a BadDeliveryError goes to the provider; no message of a module goes to the log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from collector.contract import why_no_json, why_no_row, why_no_text, why_no_time
from senders.secrets import values_of, variables_of
from senders.tracking_types import BOUNCE_KEYS, BOUNCE_TYPES, TRACKING_TYPES, plain_word

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class WebhookConfigError(Exception):
    """A module in collector/webhooks/ does not fulfil the contract."""


class NotVerifiedError(Exception):
    """The request does not come from the provider."""


class BadDeliveryError(ValueError):
    """The body is not in the provider's format; the message says why, without addresses."""


@dataclass(frozen=True)
class Delivery:
    """One request of a provider.

    Attributes:
        body: the bytes as received; signatures cover them.
        headers: by lower-case name.
        received_at: the collector's time (UTC), to refuse old signatures.
        secrets: the values of the module's `SECRETS`.
    """

    body: bytes
    headers: Mapping[str, str]
    received_at: datetime
    secrets: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class TrackingEvent:
    """One event that a provider reports: a row of `landing/tracking/`.

    Attributes:
        event_id: the provider's own id of the event, the same in every repetition.
        type: a type of senders/tracking_types.py, such as `delivered`, `bounced` or `complained`;
            `unknown` for an event without a counterpart.
        occurred_at: the provider's time of the event, with a time zone.
        send_id: the send, from a header or a tag that the sender set.
        email: the recipient; needed when there is no `send_id`.
        detail: other JSON values, such as `url`. A bounce has `bounce_type` (hard or soft), and the
            words of the server that refused the mail: `smtp_code`, `status` (RFC 3463), `reason`,
            `diagnostic_code`, `response` or `description`. Rules find in them whose fault it is.

    Raises:
        BadDeliveryError: a value is missing or has the wrong form.
    """

    event_id: str
    type: str
    occurred_at: datetime
    send_id: str | None = None
    email: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.event_id or not self.type:
            raise BadDeliveryError("an event has no id or no type")
        if self.type not in TRACKING_TYPES:
            known = ", ".join(TRACKING_TYPES)
            raise BadDeliveryError(f"an event has the type {self.type!r}; known types: {known}")
        if not (self.send_id or self.email):
            raise BadDeliveryError("an event names neither a send nor a recipient")
        for name, value in (("id", self.event_id), ("send", self.send_id), ("email", self.email)):
            problem = value and why_no_text(value)
            if problem:
                raise BadDeliveryError(f"the {name} of an event {problem}")
        if self.occurred_at.tzinfo is None:
            raise BadDeliveryError("the time of an event has no time zone")
        problem = why_no_json(dict(self.detail))
        if problem:
            raise BadDeliveryError(f"the detail of an event is not JSON: it {problem}")
        if self.type == "bounced":
            _require_known_bounce(self.detail)

    def row(self, provider: str, received_at: datetime) -> dict[str, Any]:
        """The event in the landing format.

        Raises:
            BadDeliveryError: the event is too large, or its time is impossible at `received_at`.
        """
        problem = why_no_time(self.occurred_at, received_at)
        if problem:
            raise BadDeliveryError(f"the time of an event {problem}")
        row = {
            "event_id": self.event_id,
            "send_id": self.send_id,
            "email": self.email,
            "type": self.type,
            "occurred_at": self.occurred_at.astimezone(UTC).isoformat(),
            "provider": provider,
            "detail": dict(self.detail),
        }
        problem = why_no_row(row)
        if problem:
            raise BadDeliveryError(f"an event {problem}")
        return row


def _require_known_bounce(detail: Mapping[str, Any]) -> None:
    """Refuse a bounce whose kind is an unknown word: it would suppress nothing."""
    word = next((detail[key] for key in BOUNCE_KEYS if detail.get(key) is not None), None)
    known = {each for words in BOUNCE_TYPES.values() for each in words}
    if word is not None and not (isinstance(word, str) and plain_word(word) in known):
        raise BadDeliveryError(
            f"a bounce has the unknown kind {word!r}; known kinds: {', '.join(BOUNCE_TYPES)}"
        )


@dataclass(frozen=True)
class Webhook:
    """A provider's module, checked, with its secrets.

    Attributes:
        provider: the file name without `.py`.
        verify: the module's function.
        events: the module's function.
        secrets: the secrets that are set.
        missing: the environment variables of the other secrets.
    """

    provider: str
    verify: Callable[[Delivery], None]
    events: Callable[[Delivery], Iterable[TrackingEvent]]
    secrets: Mapping[str, str] = field(repr=False)
    missing: tuple[str, ...]

    def rows(
        self, body: bytes, headers: Mapping[str, str], received_at: datetime
    ) -> list[dict[str, Any]]:
        """Verify a request, and translate all of its events.

        Raises:
            NotVerifiedError: the request does not come from the provider.
            BadDeliveryError: the body is not in the provider's format.
        """
        delivery = Delivery(body, headers, received_at, self.secrets)
        self.verify(delivery)
        return [event.row(self.provider, received_at) for event in self.events(delivery)]


def load_webhooks(environment: Mapping[str, str]) -> list[Webhook]:
    """Find the modules of this folder, and read their secrets from `environment`.

    Raises:
        WebhookConfigError: a module lacks `verify` or `events`, or has an unusable name.
    """
    return [_load(provider, environment) for provider in _providers()]


def _providers() -> list[str]:
    return sorted(module.name for module in iter_modules(__path__))


def _load(provider: str, environment: Mapping[str, str]) -> Webhook:
    place = f"collector/webhooks/{provider}.py"
    if not _NAME.fullmatch(provider):
        raise WebhookConfigError(f"{place}: use lower-case letters, digits and _ as the file name")
    module = import_module(f"{__name__}.{provider}")
    for function in ("verify", "events"):
        if not callable(getattr(module, function, None)):
            raise WebhookConfigError(
                f"{place} has no function {function}(delivery): see collector/webhooks/__init__.py"
            )
    variables = variables_of(module, provider)
    secrets = values_of(variables, environment)
    missing = tuple(variables[secret] for secret in variables if secret not in secrets)
    return Webhook(provider, module.verify, module.events, secrets, missing)
