"""Events of companies have a company_key; a file whose keys name no contact is reported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dagster_project.landing import parse_kind, sources_with_unknown_keys

if TYPE_CHECKING:
    from tests.dagster_project.landing.conftest import Landing

COLUMNS = "select event_id, contact_key, company_key from raw.events order by all"


def events(*rows: dict[str, Any]) -> str:
    common = {"name": "n", "occurred_at": "2024-05-01"}
    return "".join(
        json.dumps({"event_id": str(n), **common, **row}) + "\n" for n, row in enumerate(rows)
    )


@pytest.mark.parametrize("more", ["", "broken\n"])
def test_a_row_has_a_contact_or_a_company(landing: Landing, more: str):
    rows = events(
        {"contact_key": "a"}, {"company_key": "acme"}, {"contact_key": "b", "company_key": "acme"}
    )
    nobody = events({}, {}, {}, {"contact_key": " ", "company_key": ""}).splitlines()[3] + "\n"
    landing.land_one("events/a.jsonl", rows + nobody + more)
    assert landing.rows(COLUMNS) == [
        ("0", "a", None),
        ("1", None, "acme"),
        ("2", "b", "acme"),
    ]
    assert landing.rejects()[0][:2] == (4, "contact_key or company_key is missing")


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("contact_key", {"company_key": "contact_key"}),
        ("account", {"company_key": "account"}),
        ("company_key", {}),
        ("Subscription ID", {"company_key": "Subscription ID"}),
    ],
)
def test_a_source_maps_its_keys_onto_companies(make_landing, header, columns):
    landing = make_landing(usage={"as": "events", "columns": columns})
    landing.land_one("usage/a.csv", f"event_id,{header},name,occurred_at\n1,sub_1,n,2024-05-01\n")
    assert landing.rows(COLUMNS) == [("1", None, "sub_1")]
    assert landing.rows("select properties::varchar from raw.events") == [("{}",)]


def test_ids_of_events_without_an_id_stay_those_of_earlier_versions(landing: Landing):
    content = "contact_key,name,occurred_at\nk,n,2024-05-01\n"
    landing.land_one("events/a.csv", content)
    assert landing.rows("select event_id from raw.events") == landing.rows(
        "select md5(concat_ws(chr(31), 'k', 'n', epoch_us(timestamptz '2024-05-01 00:00Z'), '{}'))"
    )


@pytest.fixture
def known(landing: Landing) -> Landing:
    """A landing with the contacts k0 to k99 of a CRM, and a contact that only events named."""
    landing.connection.execute(
        """create schema contacts;
        create table contacts.contact_identities as
        select 'id' as key_kind, 'K' || n as key, 'c' || n as contact_id, 'crm' as found_in
        from range(100) as numbers(n)
        union all select 'id', 'sub_' || n, 'sub_' || n, 'events' from range(30) as numbers(n)"""
    )
    return landing


@pytest.mark.parametrize(
    ("keys", "is_reported"),
    [
        ([f"sub_{n}" for n in range(30)], True),  # known from events only: still nobody
        ([f"acct-{n}" for n in range(500)], True),
        ([f"k{n}" for n in range(10)] + [f"acct-{n}" for n in range(11)], True),
        ([f"k{n}" for n in range(10)] + [f"acct-{n}" for n in range(10)], False),
        ([f"k{n}" for n in range(100)], False),
        ([f"new{n}@x.example" for n in range(50)], False),
        ([f"acct-{n}" for n in range(19)], False),  # too few to judge
        ([], False),
    ],
)
def test_keys_of_nobody_are_reported(known: Landing, keys: list[str], is_reported: bool):
    rows = events(*({"contact_key": key} for key in keys), {"company_key": "acme"})
    landed = known.land_one("events/a.jsonl", rows)
    assert any("company_key" in notice for notice in landed.notices) == is_reported
    kinds = [parse_kind("events", known.settings.sources)]
    assert bool(sources_with_unknown_keys(known.connection, kinds)) == is_reported


def test_a_source_can_say_that_its_keys_are_contacts(make_landing):
    landing = make_landing(usage={"as": "events", "unknown_keys": "contacts"})
    landing.connection.execute(
        """create schema contacts; create table contacts.contact_identities as
        select 'id' as key_kind, 'k' as key, 'c' as contact_id, 'crm' as found_in"""
    )
    rows = events(*({"contact_key": f"user-{n}"} for n in range(50)))
    assert landing.land_one("usage/a.jsonl", rows).notices == ()


def test_nothing_is_reported_before_any_contact_is_known(landing: Landing):
    rows = events(*({"contact_key": f"user-{n}"} for n in range(50)))
    assert landing.land_one("events/a.jsonl", rows).notices == ()
