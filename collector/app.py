"""The routes: each one reads a signed link or a body, stores rows, and answers."""

from __future__ import annotations

import asyncio
import hmac
import logging
import string
import traceback
import uuid
from base64 import b64decode
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from collector import pages
from collector.events import BadBodyError, RecentIds, parse_events
from collector.webhooks import BadDeliveryError, NotVerifiedError
from senders.links import BadTokenError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from collector.config import CollectorConfig
    from collector.spool import Spool
    from collector.webhooks import Webhook

logger = logging.getLogger(__name__)

_PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_PRINTABLE = string.ascii_letters + string.digits + string.punctuation
_USER_AGENT_LIMIT = 1000
_SECURITY_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": pages.CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
}


_CLOSE = {"connection": "close"}


def create_app(
    config: CollectorConfig, tracking: Spool, events: Spool, clock: Callable[[], datetime]
) -> ASGIApp:
    """Build the ASGI application.

    Args:
        config: the settings.
        tracking: stores opens, clicks, unsubscribes and the events of webhooks.
        events: stores the rows of `POST /events`.
        clock: gives the time of a request (UTC).
    """
    collector = _Collector(config, tracking, events, clock, RecentIds())
    app = Starlette(
        routes=[
            Route("/o/{token}.gif", collector.open),
            Route("/c/{token}", collector.click),
            Route("/u/{token}", collector.ask),
            Route("/u/{token}", collector.unsubscribe, methods=["POST"]),
            Route("/events", collector.take_events, methods=["POST"]),
            *(
                Route(f"/webhooks/{hook.provider}", collector.webhook(hook), methods=["POST"])
                for hook in config.webhooks
            ),
            Route("/health", collector.health),
        ],
        exception_handlers={
            BadTokenError: _not_found,
            ClientDisconnect: _incomplete,
            OSError: _not_stored,
        },
    )
    # Around the whole application: Starlette answers some errors outside its own middleware.
    return _Guard(app, config.max_body_bytes, config.body_seconds)


@dataclass(frozen=True)
class _Collector:
    config: CollectorConfig
    tracking: Spool
    events: Spool
    clock: Callable[[], datetime]
    recent: RecentIds

    async def open(self, request: Request) -> Response:
        send_id = self.config.links.read_open(request.path_params["token"])
        await self._track_if_possible(self._hit(request, send_id, "opened"))
        return Response(_PIXEL, media_type="image/gif")

    async def click(self, request: Request) -> Response:
        send_id, url = self.config.links.read_click(request.path_params["token"])
        await self._track_if_possible(self._hit(request, send_id, "clicked", url=url))
        # Only characters that a header cannot carry are escaped; the rest of the URL stays.
        return Response(status_code=302, headers={"location": quote(url, safe=_PRINTABLE)})

    async def ask(self, request: Request) -> Response:
        # Scanners follow links, so a GET request changes nothing.
        asked = self.config.links.read_unsubscribe(request.path_params["token"])
        return pages.question(asked.list_name)

    async def unsubscribe(self, request: Request) -> Response:
        asked = self.config.links.read_unsubscribe(request.path_params["token"])
        # A POST request to the signed link has no other meaning. So its body need not be the form
        # of RFC 8058, and a body that cannot be read changes nothing.
        try:
            body = await request.body()
        except (HTTPException, ClientDisconnect):
            body = b""
        # A repeated request is a row too: a contact that subscribed again in between can
        # unsubscribe through the same link.
        row = self._hit(
            request,
            asked.send_id,
            "unsubscribed",
            list=asked.list_name,
            address_hash=asked.address_hash,
            via="page" if pages.CONFIRMATION in body else "one_click",
        )
        await asyncio.wrap_future(self.tracking.append([row], durable=True))
        return pages.answer(asked.list_name)

    async def take_events(self, request: Request) -> Response:
        self._check_bearer(request)
        try:
            body, kind = await request.body(), request.headers.get("content-type", "")
            batch = parse_events(body, kind, self.clock(), self.recent)
        except BadBodyError as error:
            raise HTTPException(400, str(error)) from error
        if batch.rows:
            await asyncio.wrap_future(self.events.append(batch.rows, durable=True))
        status = 200 if not batch.rejected else 207 if batch.rows else 422
        return JSONResponse({"accepted": len(batch.rows), "rejected": batch.rejected}, status)

    def webhook(self, hook: Webhook) -> Callable[[Request], Awaitable[Response]]:
        async def take(request: Request) -> Response:
            if hook.missing:
                variables = ", ".join(hook.missing)
                raise HTTPException(503, f"webhook {hook.provider} is off: {variables} is not set")
            body, headers = await request.body(), dict(request.headers)
            try:
                rows = await asyncio.to_thread(hook.rows, body, headers, self.clock())
            except NotVerifiedError as error:
                raise HTTPException(403, "the request is not verified") from error
            except BadDeliveryError as error:
                raise HTTPException(400, str(error)) from error
            except Exception as error:
                _log_bug(hook, error)
                raise HTTPException(500, f"webhook {hook.provider} failed") from error
            if rows:
                await asyncio.wrap_future(self.tracking.append(rows, durable=True))
            return JSONResponse({"accepted": len(rows)})

        return take

    async def health(self, _: Request) -> Response:
        await asyncio.to_thread(self.tracking.probe)
        await asyncio.to_thread(self.events.probe)
        return JSONResponse({"status": "ok"})

    def _check_bearer(self, request: Request) -> None:
        expected = self.config.events_token
        if not expected:
            raise HTTPException(503, "events are off: SENDHOUSE_COLLECTOR_TOKEN is not set")
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        known = hmac.compare_digest(given.strip().encode(), expected.encode())
        if scheme.lower() != "bearer" or not known:
            raise HTTPException(401, "wrong bearer token", {"www-authenticate": "Bearer"})

    def _hit(self, request: Request, send_id: str, kind: str, **detail: str) -> dict[str, Any]:
        return {
            "event_id": str(uuid.uuid4()),
            "send_id": send_id,
            "type": kind,
            "occurred_at": self.clock().isoformat(),
            "provider": "collector",
            "detail": {
                **detail,
                "user_agent": request.headers.get("user-agent", "")[:_USER_AGENT_LIMIT],
                "ip": request.client.host if request.client else None,
                # A HEAD request counts as a machine: see models/mail/engagement.sql.
                "method": request.method,
            },
        }

    async def _track_if_possible(self, row: dict[str, Any]) -> None:
        try:
            await asyncio.wrap_future(self.tracking.append([row], durable=False))
        except OSError:
            # The recipient's link works even when the disk is full.
            logger.exception("lost: %s of send %s", row["type"], row["send_id"])


def _log_bug(hook: Webhook, error: Exception) -> None:
    # Without the message: it can quote the body, and the body holds addresses.
    frames = traceback.extract_tb(error.__traceback__)
    places = " > ".join(f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in frames)
    logger.error("webhook %s failed: %s at %s", hook.provider, type(error).__name__, places)


async def _not_found(_: Request, __: Exception) -> Response:
    return PlainTextResponse("This link is not valid.", 404)


async def _incomplete(_: Request, __: Exception) -> Response:
    return PlainTextResponse("The body is incomplete.", 400)


async def _not_stored(_: Request, error: Exception) -> Response:
    logger.error("landing files cannot be written", exc_info=error)
    return PlainTextResponse("Not stored. Please try again.", 503, {"retry-after": "30"})


@dataclass(frozen=True)
class _Guard:
    """Bounds the body of each request, and adds the security headers to each response.

    Attributes:
        app: the application.
        max_bytes: a larger body raises HTTPException 413 in the route that reads it.
        seconds: a body that is not complete after this time raises HTTPException 408.
    """

    app: ASGIApp
    max_bytes: int
    seconds: float

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        deadline = asyncio.get_running_loop().time() + self.seconds
        size = 0

        async def receive_within_limits() -> Message:
            nonlocal size
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError as error:
                raise HTTPException(408, "the body took too long", _CLOSE) from error
            size += len(message.get("body", b""))
            if size > self.max_bytes:
                raise HTTPException(413, f"the body is over {self.max_bytes:,} bytes", _CLOSE)
            return message

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_SECURITY_HEADERS)
            await send(message)

        await self.app(scope, receive_within_limits, send_with_headers)
