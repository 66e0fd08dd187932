"""What the collector has to be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from senders.links import Links


@dataclass(frozen=True)
class CollectorConfig:
    """The settings of one collector.

    Attributes:
        landing_dir: rows go to `tracking/` and `events/` below it.
        links: reads the tokens; same base URL and key as the sender's. Routes are served from the
            root: where the base URL has a path, the proxy in front takes it off.
        events_token: bearer token of `POST /events` (SENDHOUSE_COLLECTOR_TOKEN). Without one the
            route refuses everything.
        trusted_proxies: addresses or networks whose `X-Forwarded-For` is believed. Real mail needs
            HTTPS, so a proxy on the same machine is the usual case.
        max_body_bytes: larger requests are refused with 413.
        rotate_seconds: a landing file is handed to the loader after this long …
        rotate_rows: … or with this many rows, whichever comes first.
    """

    landing_dir: Path
    links: Links
    events_token: str | None = field(default=None, repr=False)
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    max_body_bytes: int = 1024 * 1024
    rotate_seconds: float = 1.0
    rotate_rows: int = 10_000
