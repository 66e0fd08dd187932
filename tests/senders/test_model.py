from datetime import datetime

import pytest

from senders.model import Identity
from tests.senders.senders_support import make_send

IDENTITY = {
    "from_name": "Ada",
    "from_email": "ada@northwind.example",
    "reply_to": None,
    "postal_address": "12 Harbour Street",
    "list_id": "lifecycle.northwind.example",
}


@pytest.mark.parametrize("send_id", ["", "a b", "../x", ".x", "a..b", "a/b", "a\r\nb", "a@b", "ä"])
def test_a_send_id_is_safe_as_a_file_name_and_as_a_message_id(send_id):
    with pytest.raises(ValueError, match="send_id"):
        make_send(send_id)


def test_a_send_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="expires_at has no time zone"):
        make_send(expires_at=datetime(2026, 1, 1))  # noqa: DTZ001 - the case under test


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("from_name", "Ada\r\nBcc: all@example.org"),
        ("from_name", " "),
        ("from_email", "ada"),
        ("from_email", "ada@x.org\nBcc: all@example.org"),
        ("from_email", "jürgen@x.org"),
        ("reply_to", "a@x.org>\r\nX: y"),
        ("postal_address", "  "),
        ("list_id", "a>\r\nX: y"),
        ("list_id", "nodots"),
    ],
)
def test_an_identity_that_could_break_a_header_is_refused(key, value):
    with pytest.raises(ValueError, match=rf"identity\.{key}"):
        Identity(**(IDENTITY | {key: value}))


def test_an_identity_keeps_its_addresses_as_a_labels():
    identity = Identity(**(IDENTITY | {"from_email": "ada@bücher.example"}))
    assert identity.from_email == "ada@xn--bcher-kva.example"
    assert identity.domain == "xn--bcher-kva.example"
