from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.dagster_project.landing.faults import fault


@pytest.mark.parametrize(
    ("name", "kind", "landed", "rejected"),
    [
        ("extra_empty_value_min.csv", "crm/other/things", 1, [3]),
        ("extra_empty_value_contacts.csv", "crm/standard/contacts", 2, [3]),
        ("extra_empty_value_events.csv", "events", 1, [3]),
        ("lost_delimiter_before_quote.csv", "crm/standard/contacts", 2, [3]),
        ("padded_title.csv", "crm/hubspot/contact", 2, []),
        ("x_title.xlsx", "crm/hubspot/contact", 5, []),
        ("header_again.csv", "crm/other/things", 2, [3]),
        ("refused_though_plain.csv", "crm/other/things", 3, []),
        ("mailchimp_twice.csv", "crm/mailchimp/member", 1, []),
        ("mailchimp_unsubscribed_german.csv", "crm/mailchimp/member", 1, []),
        ("mailchimp_members_birthday.csv", "crm/mailchimp/member", 1, []),
        ("hubspot_record_id_contact.csv", "crm/hubspot/contact", 2, []),
        ("hubspot_merged_deal.csv", "crm/hubspot/merged_deal", 1, []),
        ("klaviyo_list.csv", "crm/klaviyo/person", 5, []),
        ("klaviyo_suppressed.csv", "crm/klaviyo/suppressed", 1, []),
        ("salesforce_report.csv", "crm/salesforce/contact", 2, []),
    ],
)
def test_a_small_input_has_its_right_outcome(make_landing, name, kind, landed, rejected):
    landing = make_landing(shop={"as": kind, "columns": {"contact_id": "id"}})
    folder = "shop" if name.startswith("lost_delimiter") else kind
    landing.put(f"{folder}/{name}", fault(name))
    [found] = landing.land(datetime(2026, 6, 1, tzinfo=UTC))
    assert (found.error, found.rows_landed, found.rows_rejected) == (None, landed, len(rejected))
    assert [line for line, _, _ in landing.rejects()] == rejected


def test_the_header_below_a_title_names_the_columns(landing):
    landing.land_one("crm/hubspot/contact/a.csv", fault("padded_title.csv"))
    assert landing.rows(
        'select "Email", "First name", property_country from raw.hubspot__contact'
    ) == [
        ("ann@example.com", "Ann", "DE"),
        ("bob@example.com", "Bob", ""),
    ]


@pytest.mark.parametrize(("name", "ids"), [("birthdays_forms.csv", 9), ("birthdays_mmdd.csv", 3)])
def test_a_birthday_in_any_form_loses_nobody(make_landing, name, ids):
    columns = {"contact_id": "Id", "email": "Mail", "birthday": "Birthday"}
    landing = make_landing(people={"as": "crm/standard/contacts", "columns": columns})
    landed = landing.land_one(f"people/{name}", fault(name))
    assert (landed.rows_landed, landed.rows_rejected) == (ids, 0)


def test_a_provider_s_word_for_a_bounce_is_known_or_rejected(landing):
    landing.put("tracking/a.jsonl", fault("bounce_words.jsonl"))
    [landed] = landing.land(datetime(2026, 12, 1, tzinfo=UTC))
    assert (landed.rows_landed, [line for line, *_ in landing.rejects()]) == (9, [9])
