"""The sender "smtp": hands messages to a mail server over a few open connections.

aiosmtplib connects, secures and logs in; the transactions are in `senders.smtp_connection`.

A lost connection before the final dot is `deferred`: the server cannot have accepted the message.
A lost connection after the dot and before the reply is `unknown` (RFC 1047): the server may have
accepted the message, so the send is never tried again automatically.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import TYPE_CHECKING, Any, Literal, cast

import aiosmtplib

from senders.base import Outcome, SenderConfigError, SenderUnavailableError
from senders.smtp_connection import NotAcceptedError, SmtpConnection, UncertainError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

SECRETS = ("password",)

Security = Literal["none", "starttls", "tls"]


def create(config: Mapping[str, Any]) -> SmtpSender:
    """Make the sender.

    Reads `host`, `port`, `security` ("none", "starttls", "tls"), `connections`,
    `timeout_seconds`, and optionally `username`, `password` and `tls_context` (an
    `ssl.SSLContext` to use instead of the system's).
    """
    return SmtpSender(
        host=config["host"],
        port=config["port"],
        security=config["security"],
        connections=config["connections"],
        timeout_seconds=config["timeout_seconds"],
        username=config.get("username"),
        password=config.get("password"),
        tls_context=config.get("tls_context"),
    )


class SmtpSender:
    """Sends through one mail server.

    Args:
        host: the server.
        port: its port.
        security: "none" (this machine only), "starttls" (an error if the server lacks it), "tls".
        connections: the wanted number of open connections; the server may grant fewer.
        timeout_seconds: the limit for each reply.
        username: the login, if the server requires one.
        password: the password of the login.
        tls_context: the trusted certificates; None for the system's.

    Raises:
        SenderConfigError: an unencrypted connection to another machine.

    """

    name = "smtp"

    def __init__(
        self,
        *,
        host: str,
        port: int,
        security: Security,
        connections: int,
        timeout_seconds: float,
        username: str | None = None,
        password: str | None = None,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        if security == "none" and not _is_this_machine(host):
            raise SenderConfigError(
                f'smtp.security = "none" is allowed for this machine only, not for {host}: '
                'use "starttls" or "tls"'
            )
        self._host, self._port, self._security = host, port, security
        self._username, self._password = username, password
        self._timeout, self._tls_context = timeout_seconds, tls_context
        self._wanted = connections
        self._own_name: str | None = None
        self._opened: list[SmtpConnection] = []
        self._idle: list[SmtpConnection] = []

    @property
    def connections(self) -> int:
        """The number of connections that the server granted at `open`."""
        return len(self._opened)

    @property
    def supports_smtputf8(self) -> bool:
        """Whether the server announced SMTPUTF8 (RFC 6531)."""
        return bool(self._opened) and "smtputf8" in self._opened[0].extensions

    async def open(self) -> None:
        """Open the connections; one granted connection is enough.

        Raises:
            SenderUnavailableError: no connection could be opened and logged in.

        """
        # A lookup of the own host name can take seconds, so it runs once, not per connection.
        self._own_name = await asyncio.to_thread(socket.getfqdn)
        results = await asyncio.gather(
            *(self._connect() for _ in range(self._wanted)), return_exceptions=True
        )
        self._opened = [result for result in results if isinstance(result, SmtpConnection)]
        self._idle = list(self._opened)
        errors = [result for result in results if isinstance(result, BaseException)]
        unexpected = [e for e in errors if not isinstance(e, SenderUnavailableError)]
        if unexpected or not self._opened:
            await self.close()
            raise (unexpected or errors)[0]

    async def close(self) -> None:
        """Send QUIT on the idle connections and close them."""
        idle, self._idle, self._opened = self._idle, [], []
        await asyncio.gather(*(connection.quit() for connection in idle))

    async def send(
        self, *, envelope_from: str, recipient: str, message_id: str, data: bytes, send_id: str
    ) -> Outcome:
        """Hand over one message; see `senders.base.Sender.send`.

        A server may close a connection between two messages. If the server accepted no part of
        this message, the message is handed over again on a new connection.
        """
        del message_id, send_id
        kept = bool(self._idle)
        connection = self._idle.pop() if kept else await self._connect()
        while True:
            try:
                outcome = await connection.transact(envelope_from, recipient, data)
            except NotAcceptedError as error:
                connection.abort()
                if not kept:
                    return Outcome("deferred", None, error.code, "transient", str(error))
                connection, kept = await self._connect(), False
                continue
            except UncertainError as error:
                connection.abort()
                return Outcome("unknown", detail=str(error))
            except BaseException:
                connection.abort()
                raise
            if connection.is_usable:
                self._idle.append(connection)
            else:
                connection.abort()
            return outcome

    def evidence(self, send_id: str, message_id: str) -> None:
        """Return None: SMTP cannot report the result of an earlier message."""
        del send_id, message_id

    async def _connect(self) -> SmtpConnection:
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            local_hostname=self._own_name,
            timeout=self._timeout,
            use_tls=self._security == "tls",
            start_tls=self._security == "starttls",
            tls_context=self._tls_context,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:  # without TLS and login, EHLO was not sent yet
                await _greet(client)
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            raise SenderUnavailableError(
                f"mail server {self._host}:{self._port} ({self._security}) cannot be used: {error}"
            ) from error
        return SmtpConnection(
            cast("asyncio.Transport", client.transport),
            extensions=client.esmtp_extensions.keys(),
            timeout_seconds=self._timeout,
        )


async def _greet(client: aiosmtplib.SMTP) -> None:
    """Send EHLO, or HELO if the server has no extensions (RFC 5321 §3.2)."""
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        await client.helo()


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
