"""The collector's process, with granian embedded.

Granian usually forks a worker, and the worker keeps serving after its parent is killed. Embedded
in one process, granian ends with that process: the next start finds port and folder free.

Idle and slow connections cannot block the collector: a connection ends after its response, or when
its head or its body takes too long, and thousands fit beside each other.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server
from granian.utils.proxies import wrap_asgi_with_proxy_headers

from collector.app import create_app
from collector.spool import Spool

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from collector.config import CollectorConfig

logger = logging.getLogger(__name__)

# Files of the process that are no connections.
_OTHER_FILES = 64


def serve(config: CollectorConfig, host: str, port: int) -> None:
    """Collect until SIGINT or SIGTERM; then hand over all written rows and return.

    Raises:
        SpoolBusyError: another collector writes to the same landing folder.
        OSError: the address is taken, or the landing folder cannot be written to.
    """
    os.umask(0o077)  # the rows are personal data
    _check_free(host, port)

    def spool(name: str) -> Spool:
        return Spool(
            config.landing_dir / name,
            clock=_now,
            rotate_seconds=config.rotate_seconds,
            rotate_rows=config.rotate_rows,
        )

    with spool("tracking") as tracking, spool("events") as events:
        app = create_app(config, tracking, events, _now)
        asyncio.run(_run(app, config, host, port))


async def _run(app: ASGIApp, config: CollectorConfig, host: str, port: int) -> None:
    server = Server(
        wrap_asgi_with_proxy_headers(app, list(config.trusted_proxies)),
        host,
        port,
        interface=Interfaces.ASGINL,
        websockets=False,
        # The detection of HTTP/2 would wait for the first bytes without a time limit.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=int(config.header_seconds * 1000),
            # A reused connection could end just when a proxy sends the next request on it.
            keep_alive=False,
        ),
        # Granian accepts as many connections at once as its backpressure.
        backpressure=_connections(config.max_connections),
        backlog=1024,
        # No access log: its lines would contain tokens and e-mail addresses.
        log_access=False,
        log_level=LogLevels.error,
    )
    server.on_startup(lambda: logger.info("collecting at http://%s:%d", host, port))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    await server.serve()


def _connections(wanted: int) -> int:
    """Raise the limit of open files for the wanted number of connections; return what fits."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else min(wanted, soft - _OTHER_FILES)


def _check_free(host: str, port: int) -> None:
    # Granian listens with SO_REUSEPORT: a second program on the port would not fail, but would
    # receive half of the requests. A bind without SO_REUSEPORT fails if the port is taken.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family):
        pass


def _now() -> datetime:
    return datetime.now(UTC)
