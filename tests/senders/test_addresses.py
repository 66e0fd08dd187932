import pytest

from senders.addresses import wire_address
from senders.errors import AddressError


@pytest.mark.parametrize(
    ("email", "wire"),
    [
        ("jo@example.org", "jo@example.org"),
        ("  Jo.Doe+x@Example.ORG ", "Jo.Doe+x@example.org"),
        ("jo@bücher.example", "jo@xn--bcher-kva.example"),
        ("jo@例え.jp", "jo@xn--r8jz45g.jp"),
    ],
)
def test_an_address_is_written_for_the_wire(email, wire):
    assert wire_address(email) == wire


def test_a_unicode_local_part_needs_smtputf8():
    with pytest.raises(AddressError, match="SMTPUTF8"):
        wire_address("jürgen@bücher.example")
    assert wire_address("jürgen@bücher.example", smtputf8=True) == "jürgen@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "email",
    [
        "",
        "jo",
        "jo@",
        "jo@localhost",
        "jo@company.invalid",
        "@x.org",
        "jo@x.org\r\nRCPT TO:<a@b.c>",
        "jo\n@x.org",
        "a b@x.org",
        "<jo@x.org>",
        "jo@x.org,al@x.org",
        "jo@x..org",
        "j\x00o@x.org",
        "jo@" + "x" * 300 + ".org",
    ],
)
def test_text_that_is_not_an_address_is_refused_without_quoting_it(email):
    with pytest.raises(AddressError, match="not an e-mail address") as caught:
        wire_address(email)
    assert not email or email not in str(caught.value)
