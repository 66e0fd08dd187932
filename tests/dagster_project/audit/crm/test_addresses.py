from __future__ import annotations

from xml.etree import ElementTree

import pytest

from dagster_project.audit.crm.addresses import Verdict, verdict
from dagster_project.home.settings import PROJECT_DIR

TESTS = PROJECT_DIR.parent / "shared/data/addresses/tests.xml"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ada@northwind.io", Verdict.personal),
        ("Ada.Lovelace@Northwind.IO", Verdict.personal),
        ("jörg@münchen.de", Verdict.personal),
        ("info@northwind.io", Verdict.role),
        ("Sales+spring@northwind.io", Verdict.role),
        ("information.officer@northwind.io", Verdict.personal),
        ("ada@mailinator.com", Verdict.disposable),
        ("ada@inbox.mailinator.com", Verdict.disposable),
        ("info@mailinator.com", Verdict.disposable),
        ("ada@notmailinator-at-all.com", Verdict.personal),
        ("ada@host.test", Verdict.invalid),
        ("ada@localhost", Verdict.invalid),
        ("ada at northwind.io", Verdict.invalid),
        ("ada@northwind.io, bob@northwind.io", Verdict.invalid),
        ("ada@northwind.io\n", Verdict.invalid),
        ("", Verdict.invalid),
    ],
)
def test_an_address_is_personal_role_disposable_or_invalid(address: str, expected: Verdict):
    assert verdict(address) is expected


@pytest.mark.shared_data
@pytest.mark.skipif(not TESTS.is_file(), reason="needs shared/data/addresses/tests.xml")
def test_the_isemail_test_set_is_classified_correctly_except_for_one_address():
    cases = [
        (_decoded(case.findtext("address") or ""), case.findtext("category"))
        for case in ElementTree.parse(TESTS).getroot().iter("test")
    ]
    wrong = [address for address, category in cases if category == "ISEMAIL_ERR"]
    right = [address for address, category in cases if category == "ISEMAIL_VALID_CATEGORY"]
    assert (len(wrong), len(right)) == (66, 14)
    assert [address for address in wrong if verdict(address) is not Verdict.invalid] == []
    # test@io: top-level domains have no mail servers.
    assert [address for address in right if verdict(address) is Verdict.invalid] == ["test@io"]


def _decoded(address: str) -> str:
    """Restore control characters: the XML file has control pictures instead."""
    return "".join(chr(ord(c) - 0x2400) if 0x2400 <= ord(c) <= 0x241F else c for c in address)
