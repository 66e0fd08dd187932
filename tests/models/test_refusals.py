"""A refusal in any spelling, from any source, at any address of a contact, stops its mail.

All files land in one installation with every vendor enabled, and the models are built once.
"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.models.vendor_exports import Staged
from tests.senders.senders_support import SHARED_DATA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAULTS = SHARED_DATA / "faults"
AT = datetime(2026, 2, 3, tzinfo=UTC)

SPELLINGS = {
    "bare": "{}",
    "name": "Ann <{}>",
    "comma in name": '"Zwei, Ann" <{}>',
    "mailto": "mailto:{}",
    "comma": "{},",
    "full stop": "{}.",
    "text mark": "'{}",
    "typographic mark": "\u2019{}",
    "formula": '="{}"',
    "two": "{}; other@x.example",
    "doubtful": "{} (old)",
    "at": "{} unsubscribed, see notes",
    "capitals": "<{}>\u200b",
}
# The columns of an opted-out record of each vendor; the first column has the address.
OPTED_OUT = {
    ("hubspot", "contact"): {
        "Email": "", "Record ID": "{n}", "Unsubscribed from all email": "Yes"
    },
    ("salesforce", "contact"): {"Email": "", "Contact ID": "00{n}", "Email Opt Out": "1"},
    ("salesforce", "lead"): {"Email": "", "Lead ID": "01{n}", "Email Opt Out": "1"},
    ("marketo", "lead"): {"Email Address": "", "Lead ID": "{n}", "Unsubscribed": "true"},
    ("pipedrive", "person"): {
        "Person - Email - Work": "",
        "Person - ID": "{n}",
        "Person - Marketing status": "unsubscribed",
    },
    ("mailchimp", "member"): {"Email Address": "", "UNSUB_TIME": "2026-01-05 10:00:00"},
    ("klaviyo", "person"): {
        "Email": "", "Klaviyo ID": "K{n}", "Email Marketing Consent": "UNSUBSCRIBED"
    },
    ("standard", "consents"): {"email": "", "said": "opt_out"},
}  # fmt: skip
# The column of a second address of each vendor, and the columns of a record without consent.
SECOND = {
    ("hubspot", "contact"): ("Additional email addresses", {"Email": "", "Record ID": "9{n}"}),
    ("salesforce", "contact"): ("Secondary Email", {"Email": "", "Contact ID": "09{n}"}),
    ("salesforce", "lead"): ("Correo electrónico secundario", {"Email": "", "Lead ID": "08{n}"}),
    ("marketo", "lead"): ("Email 2", {"Email Address": "", "Lead ID": "9{n}"}),
    ("pipedrive", "person"): (
        "Person - Email - Home",
        {"Person - Email - Work": "", "Person - ID": "9{n}"},
    ),
    ("mailchimp", "member"): ("Work Email", {"Email Address": ""}),
    ("klaviyo", "person"): ("E-Mail (privat)", {"Email": "", "Klaviyo ID": "K9{n}"}),
    ("standard", "contacts"): ("other_emails", {"email": "", "contact_id": "second-{n}"}),
}


def address_of(source: str, place: str, spelling: str) -> str:
    name = f"{source}-{place}-{spelling.replace(' ', '-')}@x.example"
    return name.upper() if spelling == "capitals" else name


def _cells() -> Iterator[tuple[str, str, str]]:
    """Each refusal: the address, its source and the cell that has it."""
    for source, place in [*OPTED_OUT, ("raw", "events"), ("raw", "tracking")]:
        for spelling, text in SPELLINGS.items():
            address = address_of(source, place, spelling)
            yield address.lower(), f"{source}/{place}", text.format(address)


def _write_all(staged: Staged) -> None:
    subscribers = []
    for (vendor, thing), columns in OPTED_OUT.items():
        key, *_ = columns
        rows = [
            {name: value.format(n=n) for name, value in columns.items()} | {key: cell}
            for n, (_, place, cell) in enumerate(_cells())
            if place == f"{vendor}/{thing}"
        ]
        names = [*columns]
        if second := SECOND.get((vendor, thing)):
            column, others = second
            first, *_ = others
            names = list(dict.fromkeys([*names, *others, column]))
            main, further = f"{vendor}-{thing}@x.example", f"{vendor}-{thing}-2@x.example"
            rows.append(
                {name: value.format(n=0) for name, value in others.items()}
                | {first: main, column: f"{further}; {vendor}-{thing}-3@x.example"}
            )
            subscribers.append(main)
        staged.write(vendor, thing, names, rows)
    subscribers += [address for address, _, _ in _cells()]
    people = [
        {"contact_id": f"p{n}", "email": email, "marketing_consent": "true"}
        for n, email in enumerate([*subscribers, "stays@x.example"])
    ]
    column, others = SECOND["standard", "contacts"]
    people.append(
        {
            "contact_id": "second-0",
            "email": "standard-contacts@x.example",
            "marketing_consent": "true",
            column: "standard-contacts-2@x.example; standard-contacts-3@x.example",
        }
    )
    staged.write(
        "standard", "contacts", ["contact_id", "email", "marketing_consent", column], people
    )
    _lines(
        staged.home / "landing/events/refusals.jsonl",
        [
            {"event_id": f"e{n}", "contact_key": cell, "name": "unsubscribed"}
            for n, (_, place, cell) in enumerate(_cells())
            if place == "raw/events"
        ],
    )
    _lines(
        staged.home / "landing/tracking/refusals.jsonl",
        [
            {"event_id": f"t{n}", "email": cell, "type": "complained", "provider": "test"}
            for n, (_, place, cell) in enumerate(_cells())
            if place == "raw/tracking"
        ]
        # The second address of each vendor's record.
        + [
            {"event_id": f"s{n}", "email": f"{v}-{o}-2@x.example", "type": "unsubscribed"}
            for n, (v, o) in enumerate(SECOND)
        ],
    )


def _lines(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    at = {"occurred_at": "2026-02-01T00:00:00Z"}
    path.write_text("".join(json.dumps(at | row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    staged = Staged(tmp_path_factory.mktemp("refusals"))
    _write_all(staged)
    if FAULTS.is_dir():
        place = staged.home / "landing/crm/hubspot/contact"
        for name in ("hubspot_optouts.csv", "hubspot_additional_emails.csv"):
            shutil.copyfile(FAULTS / name, place / name)
        _lines(
            staged.home / "landing/events/faults.jsonl",
            [
                {
                    "event_id": f"signed-up-{email}",
                    "contact_key": email,
                    "name": "signed_up",
                    "properties": {"marketing_consent": True},
                }
                for email in (*OPTOUTS, "dora.private@hs.example", "else@hs.example")
            ],
        )
        _lines(
            staged.home / "landing/events/left.jsonl",
            [{"event_id": "left", "contact_key": "d.ein@old.example", "name": "unsubscribed"}],
        )
    staged.land(AT)
    staged.build("+suppressions", "+unmatched_refusals", "+consents_of_nobody")
    return staged


OPTOUTS = ("emil@hs.example", "emil.p@hs.example", "fritz@hs.example", "lea@hs.example")


@pytest.fixture(scope="module")
def mailable(refused: Staged) -> set[str]:
    """The addresses to which marketing mail could go."""
    return {
        email
        for (email,) in refused.rows(
            """select email from contacts.contacts
            inner join contacts.contact_consent using (contact_id)
            where consent = 'opted_in' and ended_at is null
                and sha256(email) not in (select email_hash from delivery.suppressions)"""
        )
    }


def test_a_refusal_in_any_spelling_from_any_source_stops_the_mail(
    refused: Staged, mailable: set[str]
):
    known = {email for (email,) in refused.rows("select email from contacts.contacts")}
    mailed = {place: address for address, place, _ in _cells() if address in mailable}
    assert mailed == {}
    assert {address for address, _, _ in _cells()} <= known
    assert "stays@x.example" in mailable


@pytest.mark.parametrize(("vendor", "thing"), SECOND)
def test_an_unsubscribe_of_a_second_address_is_one_of_the_contact(
    refused: Staged, vendor: str, thing: str
):
    main = f"{vendor}-{thing}@x.example"
    [contact] = refused.rows(
        f"select distinct contact_id from contacts.contacts where email = '{main}'"
    )
    keys = refused.rows(
        "select key from contacts.contact_identities "
        f"where key_kind = 'email' and contact_id = '{contact[0]}' order by key"
    )
    assert [key for (key,) in keys] == [
        f"{vendor}-{thing}-2@x.example",
        f"{vendor}-{thing}-3@x.example",
        main,
    ]
    assert refused.rows(
        f"select consent from contacts.contact_consent where contact_id = '{contact[0]}'"
    ) == [("opted_out",)]


def test_a_refusal_that_is_not_certain_is_listed_with_the_addresses_that_it_holds(refused: Staged):
    listed = refused.rows(
        """select cell, held_addresses, reason from ledger.unmatched_refusals
        where source = 'test' order by cell"""
    )
    doubtful = [address_of("raw", "tracking", spelling) for spelling in ("doubtful", "at")]
    assert [(cell, addresses) for cell, addresses, _ in listed] == [
        (f"{doubtful[1]} unsubscribed, see notes", [doubtful[1]]),
        (f"{doubtful[0]} (old)", [doubtful[0]]),
    ]
    assert {reason for *_, reason in listed} == {"address is uncertain"}
    [(total,)] = refused.rows("select sum(statements) from ledger.consents_of_nobody")
    assert refused.rows("select count(*) from ledger.unmatched_refusals") == [(total,)]


@pytest.mark.shared_data
@pytest.mark.skipif(not FAULTS.is_dir(), reason="needs shared/data/faults")
def test_the_faulty_hubspot_files_give_their_right_outcome(refused: Staged, mailable: set[str]):
    """hubspot_optouts.csv and hubspot_additional_emails.csv."""
    assert not mailable & {*OPTOUTS, "dora@hs.example", "dora.private@hs.example"}
    assert "else@hs.example" in mailable
    [(contact,)] = refused.rows(
        "select contact_id from contacts.contacts where email = 'dora@hs.example'"
    )
    assert refused.rows(
        f"""select key from contacts.contact_identities
        where contact_id = '{contact}' and key_kind = 'email' order by key"""
    ) == [("d.ein@old.example",), ("dora.private@hs.example",), ("dora@hs.example",)]
    assert refused.rows(
        f"select consent from contacts.contact_consent where contact_id = '{contact}'"
    ) == [("opted_out",)]
