"""`sendhouse collect`."""

from __future__ import annotations

import logging
import os
from typing import Annotated

import typer

from dagster_project.home.settings import SettingsError, load_settings

NAME = "collect"


def command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8025,
) -> None:
    """Run the HTTP collector: writes opens, clicks, unsubscribes and events to landing files."""
    from collector.config import CollectorConfig
    from collector.server import serve
    from collector.webhooks import WebhookConfigError, load_webhooks
    from senders.links import Links

    settings = load_settings()
    try:
        webhooks = load_webhooks(os.environ)
    except WebhookConfigError as error:
        raise SettingsError(str(error)) from error
    # The warehouse stays closed: a tick may hold it, and the collector answers at all times.
    settings.landing_dir.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    serve(
        CollectorConfig(
            landing_dir=settings.landing_dir,
            links=Links(settings.links.base_url, settings.require_link_key()),
            webhooks=tuple(webhooks),
            events_token=os.environ.get("SENDHOUSE_COLLECTOR_TOKEN"),
        ),
        host,
        port,
    )
