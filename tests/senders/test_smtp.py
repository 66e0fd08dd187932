import asyncio
import datetime
import ipaddress
import ssl
from contextlib import asynccontextmanager, contextmanager

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from senders.base import SenderConfigError, SenderUnavailableError, load_sender
from senders.smtp import SmtpSender
from tests.senders.senders_support import free_port

HELLO = (b"220 x ESMTP\r\n", b"250-x\r\n250-PIPELINING\r\n250 SIZE 0\r\n")


def sender(port, **changes):
    settings = {"security": "none", "connections": 1, "timeout_seconds": 5}
    return SmtpSender(host="127.0.0.1", port=port, **(settings | changes))


def message(send_id="send-1", body="hello"):
    head = f"X-Sendhouse-Send-Id: {send_id}\r\nSubject: x\r\n\r\n"
    return f"{head}{body}\r\n".encode()


def deliver(smtp, *recipients, bodies=None):
    """Send messages one by one over an opened sender; return the outcomes."""

    async def run():
        await smtp.open()
        try:
            return [
                await smtp.send(
                    envelope_from="ada@northwind.example",
                    recipient=recipient,
                    message_id="<send-1@northwind.example>",
                    data=message(f"send-{n}", bodies[n] if bodies else "hello"),
                    send_id=f"send-{n}",
                )
                for n, recipient in enumerate(recipients)
            ]
        finally:
            await smtp.close()

    return asyncio.run(run())


# ── postfix's smtp-sink ──────────────────────────────────────────────────────────────────────────


@pytest.mark.postfix
@pytest.mark.parametrize("options", [(), ("-p",), ("-e",), ("-8",)])
def test_messages_arrive_unchanged_with_and_without_pipelining(smtp_sink, options):
    sink = smtp_sink(*options)
    bodies = [".", "..\r\n.\r\n.x", "x\r\n" * 30_000, "last"]
    outcomes = deliver(sender(sink.port), *["jo@example.org"] * 4, bodies=bodies)
    assert [outcome.status for outcome in outcomes] == ["sent"] * 4
    assert all(outcome.smtp_code == 250 for outcome in outcomes)
    arrived = {str(m["X-Sendhouse-Send-Id"]): m.get_content().rstrip("\n") for m in sink.messages()}
    expected = {f"send-{n}": body.replace("\r\n", "\n") for n, body in enumerate(bodies)}
    assert arrived == {key: body.rstrip("\n") for key, body in expected.items()}


@pytest.mark.postfix
def test_sender_and_recipient_are_on_the_envelope(smtp_sink):
    sink = smtp_sink()
    deliver(sender(sink.port), "jo@example.org")
    [arrived] = sink.messages()
    assert arrived["X-Mail-Args"].startswith("<ada@northwind.example>")
    assert arrived["X-Rcpt-Args"] == "<jo@example.org>"


@pytest.mark.postfix
@pytest.mark.parametrize("command", ["RCPT", "DATA", "."])
def test_a_temporary_refusal_is_deferred(smtp_sink, command):
    sink = smtp_sink("-r", command)
    outcomes = deliver(sender(sink.port), "a@example.org", "b@example.org")
    assert [(o.status, o.smtp_code, o.fault) for o in outcomes] == [
        ("deferred", 450, "transient")
    ] * 2


@pytest.mark.postfix
@pytest.mark.parametrize("command", ["RCPT", "DATA", "."])
@pytest.mark.parametrize(
    ("reply", "fault"),
    [("550 5.1.1 no such user", "recipient"), ("550 5.7.26 unauthenticated", "sender")],
)
def test_a_permanent_refusal_is_rejected_with_its_fault(smtp_sink, command, reply, fault):
    sink = smtp_sink("-f", command, "-B", reply)
    outcomes = deliver(sender(sink.port), "a@example.org", "b@example.org")
    assert [(o.status, o.smtp_code, o.fault) for o in outcomes] == [("rejected", 550, fault)] * 2


@pytest.mark.postfix
@pytest.mark.parametrize("command", ["CONNECT", "MAIL"])
def test_a_server_that_refuses_the_sender_stops_the_dispatch(smtp_sink, command):
    sink = smtp_sink("-f", command)
    with pytest.raises(SenderUnavailableError, match="500"):
        deliver(sender(sink.port), "a@example.org")


@pytest.mark.postfix
def test_a_connection_dropped_after_the_dot_is_unknown_though_the_message_arrived(smtp_sink):
    sink = smtp_sink("-q", ".")
    outcomes = deliver(sender(sink.port), "a@example.org", "b@example.org")
    assert [outcome.status for outcome in outcomes] == ["unknown"] * 2
    assert sink.send_ids() == ["send-0", "send-1"]


@pytest.mark.postfix
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_connection_dropped_before_the_dot_is_deferred(smtp_sink, command):
    sink = smtp_sink("-q", command)
    outcomes = deliver(sender(sink.port), "a@example.org", "b@example.org")
    assert [(o.status, o.fault) for o in outcomes] == [("deferred", "transient")] * 2


@pytest.mark.postfix
def test_a_421_reply_is_deferred_with_its_code(smtp_sink):
    outcomes = deliver(sender(smtp_sink("-Q", "RCPT").port), "a@example.org")
    assert [(o.status, o.smtp_code) for o in outcomes] == [("deferred", 421)]


@pytest.mark.postfix
def test_silence_after_the_dot_is_unknown_and_silence_before_it_is_deferred(smtp_sink):
    late = smtp_sink("-W", ".:3")
    assert deliver(sender(late.port, timeout_seconds=0.3), "a@x.org")[0].status == "unknown"
    slow = smtp_sink("-W", "MAIL:3")
    assert deliver(sender(slow.port, timeout_seconds=0.3), "a@x.org")[0].status == "deferred"


@pytest.mark.postfix
def test_a_refused_login_or_port_stops_the_dispatch(smtp_sink):
    with pytest.raises(SenderUnavailableError, match=r"127\.0\.0\.1:\d+ \(none\) cannot be used"):
        deliver(sender(free_port()), "a@example.org")
    sink = smtp_sink("-a")
    with pytest.raises(SenderUnavailableError, match="AUTH"):
        deliver(sender(sink.port, username="ada", password="x"), "a@example.org")


@pytest.mark.postfix
def test_a_server_without_starttls_gets_no_mail(smtp_sink):
    with pytest.raises(SenderUnavailableError, match=r"(?i)starttls"):
        deliver(sender(smtp_sink().port, security="starttls"), "a@example.org")


# ── aiosmtpd: TLS, login, recipients that differ ─────────────────────────────────────────────────


class Inbox:
    """Stores messages; refuses a recipient whose local part is a reply code."""

    def __init__(self):
        self.envelopes = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        local = address.partition("@")[0]
        if local.isdigit():
            return f"{local} {local[0]}.1.1 refused"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.envelopes.append((list(envelope.rcpt_tos), envelope.content, session.ssl is not None))
        return f"250 2.0.0 Ok: queued as Q{len(self.envelopes)}"


@contextmanager
def server(**options):
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield controller.port, inbox
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1: the server's context, and a client context that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=3))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("certificate")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return theirs, ssl.create_default_context(cafile=str(folder / "cert.pem"))


def ada_only(server, session, envelope, mechanism, auth_data):
    right = isinstance(auth_data, LoginPassword) and auth_data.password == b"right"
    return AuthResult(success=right)


def test_each_recipient_gets_a_separate_reply_on_one_connection():
    with server() as (port, inbox):
        outcomes = deliver(
            sender(port), "550@x.org", "jo@x.org", "450@x.org", "550@x.org", "al@x.org"
        )
    assert [(o.status, o.fault, o.provider_message_id) for o in outcomes] == [
        ("rejected", "recipient", None),
        ("sent", None, "Q1"),
        ("deferred", "transient", None),
        ("rejected", "recipient", None),
        ("sent", None, "Q2"),
    ]
    assert [recipients for recipients, *_ in inbox.envelopes] == [["jo@x.org"], ["al@x.org"]]


def test_starttls_and_login_protect_the_message(certificate):
    theirs, ours = certificate
    with server(
        tls_context=theirs, require_starttls=True, authenticator=ada_only, auth_required=True
    ) as (port, inbox):
        smtp = load_sender(
            "smtp",
            {
                "host": "127.0.0.1",
                "port": port,
                "security": "starttls",
                "connections": 2,
                "timeout_seconds": 5,
                "username": "ada",
                "password": "right",
                "tls_context": ours,
            },
        )
        outcomes = deliver(smtp, "jo@x.org", "al@x.org", bodies=["x\r\n" * 50_000, "y"])
    assert [outcome.status for outcome in outcomes] == ["sent", "sent"]
    assert all(encrypted for *_, encrypted in inbox.envelopes)
    assert inbox.envelopes[0][1].endswith(b"\r\n\r\n" + b"x\r\n" * 50_000 + b"\r\n")


def test_tls_from_the_first_byte_protects_the_message(certificate):
    theirs, ours = certificate
    with server(ssl_context=theirs) as (port, inbox):
        outcomes = deliver(sender(port, security="tls", tls_context=ours), "jo@x.org", "al@x.org")
    assert [outcome.status for outcome in outcomes] == ["sent", "sent"]
    assert len(inbox.envelopes) == 2  # this server accepts TLS only


@pytest.mark.parametrize("wrong", ["password", "certificate"])
def test_a_wrong_password_or_certificate_stops_the_dispatch(certificate, wrong):
    theirs, ours = certificate
    with server(
        tls_context=theirs, require_starttls=True, authenticator=ada_only, auth_required=True
    ) as (port, inbox):
        smtp = sender(
            port,
            security="starttls",
            timeout_seconds=1,
            username="ada",
            password="wrong" if wrong == "password" else "right",
            tls_context=ours if wrong == "password" else None,
        )
        with pytest.raises(SenderUnavailableError) as caught:
            deliver(smtp, "jo@x.org")
    assert "wrong" not in str(caught.value)
    assert inbox.envelopes == []


def test_a_unicode_address_needs_a_server_with_smtputf8():
    with server(enable_SMTPUTF8=True) as (port, inbox):
        assert deliver(sender(port), "jürgen@x.org")[0].status == "sent"
    assert inbox.envelopes[0][0] == ["jürgen@x.org"]
    with server(enable_SMTPUTF8=False) as (port, _):

        async def run():
            smtp = sender(port)
            await smtp.open()
            offered = smtp.supports_smtputf8
            await smtp.close()
            return offered

        assert asyncio.run(run()) is False


# ── servers that misbehave ───────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def scripted(*sessions):
    """A server with one scripted session per connection: bytes to send, or lines to read."""
    heard = []
    waiting = list(sessions)

    async def play(reader, writer):
        lines = []
        heard.append(lines)
        for act in waiting.pop(0):
            if isinstance(act, bytes):
                writer.write(act)
                await writer.drain()
                continue
            lines += [(await reader.readline()).strip() for _ in range(act)]
        writer.close()

    listening = await asyncio.start_server(play, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], heard


def play(*sessions, sends=1):
    """Send messages to a scripted server; return outcomes and the lines of each connection."""

    async def run():
        async with scripted(*sessions) as (port, heard):
            smtp = sender(port, timeout_seconds=1)
            await smtp.open()
            try:
                outcomes = [
                    await smtp.send(
                        envelope_from="ada@northwind.example",
                        recipient="jo@x.org",
                        message_id="<a@x>",
                        data=b"a\r\n",
                        send_id="a",
                    )
                    for _ in range(sends)
                ]
            finally:
                await smtp.close()
        return outcomes, heard

    return asyncio.run(run())


GREETED = (HELLO[0], 1, HELLO[1])
ACCEPTED = (3, b"250 a\r\n250 b\r\n354 go\r\n", 2, b"250 Ok: queued as Q\r\n", 1, b"250 reset\r\n")


def test_pipelined_replies_may_arrive_in_one_piece_or_in_fragments():
    crumbs = (3, b"2", b"50-a\r\n25", b"0 b\r\n250 c\r\n354", b" go\r\n", 2, b"25", b"0 Ok\r\n")
    outcomes, _ = play((*GREETED, *ACCEPTED, *crumbs), sends=2)
    assert [outcome.status for outcome in outcomes] == ["sent", "sent"]


def test_the_size_is_announced_if_the_server_supports_it():
    _, heard = play((*GREETED, *ACCEPTED))
    assert heard[0][1] == b"MAIL FROM:<ada@northwind.example> SIZE=3"


def test_a_server_that_waits_for_a_refused_message_gets_an_empty_message():
    session = (
        *GREETED,
        3, b"250 a\r\n550 5.1.1 no\r\n354 go\r\n",
        1, b"554 no valid recipients\r\n",
        4, b"250 reset\r\n250 a\r\n250 b\r\n354 go\r\n", 2, b"250 Ok\r\n",
    )  # fmt: skip
    outcomes, heard = play(session, sends=2)
    assert [(o.status, o.smtp_code) for o in outcomes] == [("rejected", 550), ("sent", 250)]
    assert heard[0][4] == b"."
    assert heard[0][5] == b"RSET"


@pytest.mark.parametrize("farewell", [b"", b"421 too many messages\r\n"])
def test_an_idle_connection_closed_by_the_server_is_replaced(farewell):
    outcomes, heard = play((*GREETED, *ACCEPTED, farewell), (*GREETED, *ACCEPTED), sends=2)
    assert [outcome.status for outcome in outcomes] == ["sent", "sent"]
    assert len(heard) == 2


def test_a_message_is_not_handed_over_again_after_the_final_dot():
    cut = (3, b"250 a\r\n250 b\r\n354 go\r\n", 2)
    outcomes, heard = play((*GREETED, *cut), (*GREETED, *ACCEPTED))
    assert [outcome.status for outcome in outcomes] == ["unknown"]
    assert len(heard) == 1


@pytest.mark.parametrize("noise", [b"hello\r\n", b"999 x\r\n", b"2" * 20_000, b"\xff\xfe\r\n"])
def test_noise_before_the_dot_is_deferred_and_after_it_unknown(noise):
    before = (*GREETED, 3, noise)
    outcomes, _ = play(before, before)
    assert [outcome.status for outcome in outcomes] == ["deferred"]
    outcomes, _ = play((*GREETED, 3, b"250 a\r\n250 b\r\n354 go\r\n", 2, noise))
    assert [outcome.status for outcome in outcomes] == ["unknown"]


EARLY = {
    "with the 354": (
        (3, b"250 a\r\n250 b\r\n354 go\r\n250 early\r\n", 2, b"554 no\r\n"),
        "deferred",
    ),
    "before the 354 is read": ((3, b"250 a\r\n250 b\r\n354 go\r\n2", b"50 early\r\n"), "deferred"),
    "a refusal with the 354": ((3, b"250 a\r\n250 b\r\n354 go\r\n554 no\r\n", 2), "deferred"),
    "half a reply with the 354": (
        (3, b"250 a\r\n250 b\r\n354 go\r\n25", 2, b"0 Ok\r\n"),
        "deferred",
    ),
    "two replies to the message": (
        (3, b"250 a\r\n250 b\r\n354 go\r\n", 2, b"250 early\r\n", 1, b"554 5.7.1 spam\r\n"),
        "unknown",
    ),
    "then a temporary refusal": (
        (3, b"250 a\r\n250 b\r\n354 go\r\n", 2, b"250 early\r\n", 1, b"451 later\r\n"),
        "unknown",
    ),
    "a second acceptance": (
        (3, b"250 a\r\n250 b\r\n354 go\r\n", 2, b"250 early\r\n", 1, b"250 Ok\r\n250 reset\r\n"),
        "sent",
    ),
    "no RSET": ((*ACCEPTED[:-1], b"502 not implemented\r\n"), "sent"),
    "a farewell": ((*ACCEPTED[:-1], b"421 bye\r\n"), "sent"),
    "closed after the message": (ACCEPTED[:-2], "sent"),
    "no answer to RSET": ((*ACCEPTED[:-1], 1), "sent"),
}


@pytest.mark.parametrize("name", EARLY)
def test_an_acceptance_before_the_final_dot_is_not_believed(name):
    session, status = EARLY[name]
    outcomes, _ = play((*GREETED, *session), (*GREETED, *session))
    assert [outcome.status for outcome in outcomes] == [status]


def test_an_acceptance_during_the_message_is_not_believed():
    async def run():
        refused = []

        async def serve(reader, writer):
            writer.write(b"220 x\r\n")
            while line := await reader.readline():
                if line.startswith((b"EHLO", b"MAIL", b"RCPT", b"RSET", b"QUIT")):
                    writer.write(b"250 Ok\r\n")
                elif line == b"DATA\r\n":
                    writer.write(b"354 go\r\n")
                    first = await reader.readline()
                    writer.write(b"250 queued as EARLY\r\n")
                    while line != b".\r\n":
                        line = await reader.readline()
                    refused.append(first)
                    writer.write(b"554 5.7.1 refused\r\n")
            writer.close()

        listening = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with listening:
            smtp = sender(listening.sockets[0].getsockname()[1], connections=3)
            await smtp.open()
            outcomes = [
                await smtp.send(
                    envelope_from="ada@northwind.example",
                    recipient="jo@x.org",
                    message_id="<a@x>",
                    data=b"a\r\n" * lines,
                    send_id="a",
                )
                for lines in (1, 10, 1000, 200_000)
            ]
            await smtp.close()
        return outcomes, refused

    outcomes, refused = asyncio.run(run())
    assert {outcome.status for outcome in outcomes} <= {"unknown", "deferred"}
    assert refused


def test_an_address_that_contains_a_second_command_is_refused():
    async def run():
        async with scripted(GREETED) as (port, heard):
            smtp = sender(port)
            await smtp.open()
            with pytest.raises(ValueError, match="control character"):
                await smtp.send(
                    envelope_from="ada@northwind.example",
                    recipient="jo@x.org>\r\nRCPT TO:<al@x.org",
                    message_id="<a@x>",
                    data=b"a\r\n",
                    send_id="a",
                )
            await smtp.close()
            return heard

    assert all(b"MAIL" not in line for line in asyncio.run(run())[0])


def test_fewer_connections_than_wanted_are_enough():
    async def run():
        full = (b"421 too many connections\r\n",)
        async with scripted(GREETED, full, full) as (port, _):
            smtp = sender(port, connections=3)
            await smtp.open()
            granted = smtp.connections
            await smtp.close()
            return granted

    assert asyncio.run(run()) == 1


def test_without_encryption_another_machine_is_refused():
    with pytest.raises(SenderConfigError, match="this machine only"):
        SmtpSender(
            host="mail.example.org", port=25, security="none", connections=1, timeout_seconds=1
        )


def test_smtp_gives_no_evidence():
    assert sender(25).evidence("a", "<a@x>") is None
