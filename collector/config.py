"""The settings of the collector."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from collector.webhooks import Webhook
    from senders.links import Links


@dataclass(frozen=True)
class CollectorConfig:
    """The settings of one collector.

    Attributes:
        landing_dir: the folder of `tracking/` and `events/`, to which rows are written.
        links: reads the tokens, with the base URL and key of the sender. Routes are served from
            the root: where the base URL has a path, the proxy in front removes the path.
        events_token: bearer token of `POST /events` (SENDHOUSE_COLLECTOR_TOKEN). Without a token
            the route refuses every request.
        webhooks: the providers that are mounted at `/webhooks/<provider>`.
        trusted_proxies: addresses or networks whose `X-Forwarded-For` is trusted. Real mail needs
            HTTPS, so a proxy on the same machine is the usual case.
        max_body_bytes: larger requests are refused with 413.
        body_seconds: a body that takes longer is refused with 408.
        header_seconds: a connection without a complete request head is closed after this time.
        max_connections: further connections wait until one of these ends. The limit of open files
            of the process can lower the number.
        rotate_seconds: a landing file is handed to the loader at this age, or …
        rotate_rows: … with this many rows, whichever comes first.
    """

    landing_dir: Path
    links: Links
    events_token: str | None = field(default=None, repr=False)
    webhooks: tuple[Webhook, ...] = ()
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    max_body_bytes: int = 1024 * 1024
    body_seconds: float = 20.0
    header_seconds: float = 10.0
    max_connections: int = 8192
    rotate_seconds: float = 1.0
    rotate_rows: int = 10_000
