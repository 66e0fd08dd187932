#!/usr/bin/env bash
# An ASCII address that any mail server takes is refused after email-validator has normalized it.
#
# Expected: `normalized` is the form of an address to store and to send to. An address that is ASCII
#   stays ASCII, or becomes simpler.
# Happens: email-validator turns a domain in Punycode into its Unicode letters. aiosmtplib then
#   needs a server with SMTPUTF8. It raises where the server has none, instead of using Punycode.
#   Python's email package prints an encoded word as the domain, which RFC 2047 (section 5) forbids.
#   The result still says smtputf8=False. Its `ascii_email` is the form to send to.
# Versions: email-validator 2.4.0, aiosmtplib 5.1.3, aiosmtpd 1.4.6, Python 3.11.7.
# Seen:
#   ann@xn--bcher-kva.example.com: delivered
#   ann@bücher.example.com (normalized, smtputf8=False): SMTPNotSupported
#     To: ann@=?utf-8?q?b=C3=BCcher?=.example.com
#   ann@xn--bcher-kva.example.com (ascii_email): delivered
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  email-validator==2.4.0 aiosmtplib==5.1.3 aiosmtpd==1.4.6

cat > "$folder/see.py" <<'PY'
import asyncio
import socket
import sys
from email.message import EmailMessage
from email.policy import SMTP
import aiosmtplib
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from email_validator import validate_email

with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
server = Controller(Sink(), hostname="127.0.0.1", port=port, enable_SMTPUTF8=False)


def message(address):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "news@example.com", address, "News"
    mail.set_content("Hello")
    return mail


def deliver(address):
    try:
        asyncio.run(aiosmtplib.send(message(address), hostname="127.0.0.1", port=port))
    except aiosmtplib.SMTPException as error:
        return type(error).__name__
    return "delivered"


given = "ann@xn--bcher-kva.example.com"
checked = validate_email(given, check_deliverability=False)
server.start()
try:
    results = [deliver(address) for address in (given, checked.normalized, checked.ascii_email)]
finally:
    server.stop()
header = message(checked.normalized).as_bytes(policy=SMTP).split(b"\r\n")[1].decode("ascii")
print(f"{given}: {results[0]}")
print(f"{checked.normalized} (normalized, smtputf8={checked.smtputf8}): {results[1]}")
print(f"  {header}")
print(f"{checked.ascii_email} (ascii_email): {results[2]}")
sys.exit(
    results != ["delivered", "SMTPNotSupported", "delivered"]
    or checked.smtputf8
    or "@=?utf-8?" not in header
)
PY
PYTHONUTF8=1 "$folder/venv/bin/python" "$folder/see.py" ||
  { echo "The behaviour has changed." >&2; exit 1; }
