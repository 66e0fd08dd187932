"""SMTP transactions on one connection (RFC 5321), pipelined if the server allows it (RFC 2920).

A client that waits for each reply needs four round trips per message. Here MAIL, RCPT and DATA
leave in one write, and the message in a second write.

A reply counts only as the answer to its own command. A server that answers before the final dot has
not seen the whole message, so its 250 is no promise. RSET follows each accepted message: if the
acceptance came too early, RSET gets the answer to the message. (RSET does not leave together with
the dot: smtp-sink then answers in the wrong order, and simple servers look for the dot at the end.)
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from senders.base import Outcome, SenderUnavailableError
from senders.replies import Reply, outcome_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from typing import SupportsIndex

_START_INPUT = 354
_CLOSING = 421
# Refusals of MAIL that concern a single message: its size, or a parameter that it needs.
_ABOUT_MESSAGE = (552, 555)
_LONGEST_REPLY_LINE = 8192
_MOST_REPLY_LINES = 100
_QUIT_SECONDS = 2
# A process that was stopped or swapped out finds replies that came in time. It gets this long to
# read them.
_LAST_LOOK_SECONDS = 0.5
# Replies to a command that the server does not know (RFC 5321 §4.2.3); 421 closes the connection.
_NO_ANSWER_TO_MESSAGE = (421, 500, 501, 502, 503, 504)
_UNSAFE_IN_COMMAND = re.compile(r"[\x00-\x20\x7f<>]")


class NotAcceptedError(Exception):
    """The transaction ended before the server could have accepted the message.

    Attributes:
        code: 421, if the server announced that it closes the connection.

    """

    def __init__(self, detail: str, code: int | None = None) -> None:
        super().__init__(detail)
        self.code = code


class UncertainError(Exception):
    """The transaction ended after the final dot and before its reply (RFC 1047)."""


class _LostError(Exception):
    """The connection was lost, timed out, or does not speak SMTP."""


class _Replies(asyncio.StreamReader):
    """Counts the received bytes, so that a reply before its command is noticed."""

    received = 0

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        chunk = bytes(data)
        self.received += len(chunk)
        super().feed_data(chunk)


class SmtpConnection:
    """One connection that is secured, logged in and greeted.

    Args:
        transport: the idle connection; this object takes it over.
        extensions: the announced extensions, in lower case.
        timeout_seconds: the limit for each reply.

    """

    def __init__(
        self, transport: asyncio.Transport, *, extensions: Collection[str], timeout_seconds: float
    ) -> None:
        self.extensions = frozenset(extensions)
        self.is_usable = True
        self._timeout = timeout_seconds
        self._needs_reset = False
        loop = asyncio.get_running_loop()
        self._read = 0
        self._reader = _Replies(limit=_LONGEST_REPLY_LINE, loop=loop)
        protocol = asyncio.StreamReaderProtocol(self._reader, loop=loop)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        self._writer = asyncio.StreamWriter(transport, protocol, self._reader, loop)

    async def transact(self, envelope_from: str, recipient: str, data: bytes) -> Outcome:
        """Send one message.

        Args:
            envelope_from: the bounce address.
            recipient: the one recipient.
            data: the message, CRLF line ends, ending in CRLF.

        Raises:
            SenderUnavailableError: the server permanently refuses mail from this envelope sender.
            NotAcceptedError: the transaction ended before the final dot was written.
            UncertainError: the transaction ended after the final dot.

        """
        try:
            refusal = await self._offer(envelope_from, recipient, data)
            if refusal is not None:
                return refusal
            await self._write(_dot_stuffed(data))
            await self._require_silence()
        except _LostError as error:
            raise NotAcceptedError(f"{error} before the message was handed over") from error
        return await self._end_message()

    async def _end_message(self) -> Outcome:
        """Send the final dot; the reply decides."""
        # Not `_write`: a process that was stopped while it wrote must still read the reply.
        self._writer.write(b".\r\n")
        try:
            reply = await self._reply()
        except _LostError as error:
            raise UncertainError(f"{error} after the message and before its reply") from error
        if reply.code < 300:
            await self._require_in_step(reply)
        return outcome_of(reply)

    async def _require_in_step(self, accepted: Reply) -> None:
        """Refuse an acceptance that came too early: then RSET gets the answer to the message."""
        try:
            await self._write(b"RSET\r\n")
            after = await self._reply()
        except _LostError:  # a server may close the connection after each message
            self.is_usable = False
            return
        if after.code < 300:
            return
        self.is_usable = False
        if after.code not in _NO_ANSWER_TO_MESSAGE:
            raise UncertainError(
                f"the server answered {accepted.code} {accepted.text}, "
                f"and then {after.code} {after.text}"
            )

    async def quit(self) -> None:
        """Send QUIT and close; a missing answer is not an error."""
        with suppress(_LostError, TimeoutError):
            async with asyncio.timeout(_QUIT_SECONDS):
                await self._write(b"QUIT\r\n")
                await self._reply()
        self.abort()

    def abort(self) -> None:
        """Close at once; safe to repeat."""
        self.is_usable = False
        self._writer.transport.abort()

    async def _offer(self, envelope_from: str, recipient: str, data: bytes) -> Outcome | None:
        """Send the commands up to DATA; return None if accepted, otherwise the refusal."""
        commands = [
            f"MAIL FROM:<{_checked(envelope_from)}>{self._parameters(recipient, data)}",
            f"RCPT TO:<{_checked(recipient)}>",
            "DATA",
        ]
        if self._needs_reset:
            commands.insert(0, "RSET")
        replies = await self._exchange(commands)
        asked, reply = next(
            ((c, r) for c, r in zip(commands, replies, strict=False) if r.code >= 400),
            (commands[-1], replies[-1]),
        )
        if reply.code == _START_INPUT:
            self._needs_reset = False
            return None
        self._needs_reset = True
        if reply.code == _CLOSING or asked == "RSET":
            raise NotAcceptedError(f"{asked[:4]}: {reply.code} {reply.text}", reply.code)
        if reply.code < 400:
            raise _LostError(f"the server answered {reply.code} to {asked[:4]}")
        if replies[-1].code == _START_INPUT:
            # The server waits for a message although it refused the recipient: RFC 2920 §3.1.
            await self._write(b".\r\n")
            await self._reply()
        about_us = asked.startswith("MAIL") and reply.code not in _ABOUT_MESSAGE
        if about_us and reply.code >= 500:
            raise SenderUnavailableError(
                f"the mail server refuses mail from {envelope_from}: {reply.code} {reply.text}"
            )
        return outcome_of(reply)

    def _parameters(self, recipient: str, data: bytes) -> str:
        size = f" SIZE={len(data)}" if "size" in self.extensions else ""  # RFC 1870
        return size if recipient.isascii() else f"{size} BODY=8BITMIME SMTPUTF8"  # RFC 6531

    async def _exchange(self, commands: list[str]) -> list[Reply]:
        """Send commands and read their replies; without pipelining, stop at the first refusal."""
        lines = [f"{command}\r\n".encode() for command in commands]
        replies: list[Reply] = []
        if "pipelining" in self.extensions:
            await self._write(b"".join(lines))
            while len(replies) < len(lines) and self.is_usable:
                replies.append(await self._reply())
            return replies
        for line in lines:
            await self._write(line)
            replies.append(await self._reply())
            if replies[-1].code >= 400:
                break
        return replies

    async def _write(self, data: bytes) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                self._writer.write(data)
                await self._writer.drain()
        except TimeoutError as error:
            raise _LostError("the server took no more data in time") from error
        except OSError as error:
            raise _LostError("the connection was lost") from error

    async def _require_silence(self) -> None:
        """Refuse a server that answers, or closes the connection, before the end of the message."""
        # One turn of the event loop notices what has arrived, the next one reads it.
        for _ in range(2):
            await asyncio.sleep(0)
        if self._reader.received > self._read:
            raise _LostError("the server answered")
        if self._reader.at_eof():
            raise _LostError("the server closed the connection")

    async def _reply(self) -> Reply:
        texts: list[str] = []
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timeout):
                    return await self._lines(texts)
            async with asyncio.timeout(_LAST_LOOK_SECONDS):
                return await self._lines(texts)
        except TimeoutError as error:
            raise _LostError("the server gave no answer in time") from error
        except OSError as error:
            raise _LostError("the connection was lost") from error
        except ValueError as error:  # a line beyond the reader's limit
            raise _LostError("the server did not answer in SMTP") from error

    async def _lines(self, texts: list[str]) -> Reply:
        """Read the lines of a reply; `texts` keeps those that were read before a timeout."""
        while len(texts) < _MOST_REPLY_LINES:
            line = await self._reader.readline()
            self._read += len(line)
            if not line.endswith(b"\n"):
                raise _LostError("the server closed the connection")
            code, more = line[:3], line[3:4] == b"-"
            if not code.isdigit() or not b"200" <= code <= b"599":
                raise _LostError("the server did not answer in SMTP")
            texts.append(line[4:].decode("utf-8", "replace").strip())
            if not more:
                self.is_usable = self.is_usable and code != b"421"
                return Reply(int(code), " ".join(texts))
        raise _LostError("the server did not answer in SMTP")


def _checked(address: str) -> str:
    """Refuse characters that could end the command and begin another command."""
    if _UNSAFE_IN_COMMAND.search(address):
        raise ValueError("an address for the wire contains a space, a control character or < >")
    return address


def _dot_stuffed(data: bytes) -> bytes:
    """RFC 5321 §4.5.2."""
    stuffed = data.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed
