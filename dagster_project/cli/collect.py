"""`sendhouse collect`."""

from __future__ import annotations

import logging
import os
from typing import Annotated

import typer

from dagster_project.home.settings import load_settings

NAME = "collect"


def command(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8025,
) -> None:
    """Run the HTTP collector: writes opens, clicks, unsubscribes and events to landing files."""
    from collector.config import CollectorConfig
    from collector.server import serve
    from senders.links import Links

    settings = load_settings()
    # The collector never opens the warehouse, so it also answers while a tick holds the lock.
    settings.landing_dir.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    serve(
        CollectorConfig(
            landing_dir=settings.landing_dir,
            links=Links(settings.links.base_url, settings.require_link_key()),
            events_token=os.environ.get("SENDHOUSE_COLLECTOR_TOKEN"),
        ),
        host,
        port,
    )
