"""All spellings of an address have one canonical form."""

from __future__ import annotations

import pytest

from senders.addresses import ascii_domain, canonical_email


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        # IDNA 2008: this domain differs from strasse.example.
        ("straße.example", "xn--strae-oqa.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("x.example", "x.example"),
        ("-ü.example", None),
        ("ü..example", None),
        ("", None),
    ],
)
def test_a_domain_is_converted_to_its_dns_form_or_none(domain: str, expected: str | None):
    assert ascii_domain(domain) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (" Ada.L+news@BÜCHER.example ", "ada.l+news@xn--bcher-kva.example"),
        ("\u200bada@bücher.example\u00a0\r\n", "ada@xn--bcher-kva.example"),
        ("SØREN@x.example", "søren@x.example"),
        ("sø@ren@-ü.example", "sø@ren@-ü.example"),
        ("Crm-Ü7", "crm-ü7"),
    ],
)
def test_only_case_composition_and_domain_are_normalised(address: str, expected: str):
    assert canonical_email(address) == expected
