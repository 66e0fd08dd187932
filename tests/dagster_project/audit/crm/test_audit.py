"""CRM audits of small exports, of real exports, and of the demo's export."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from dagster_project.audit import run_crm
from dagster_project.audit.pages.crm import nulls_by_table
from dagster_project.audit.store import CRM_TABLES
from dagster_project.home import warehouse
from dagster_project.home.settings import PROJECT_DIR
from demo.company import Company
from tests.dagster_project.audit.conftest import MARCH, Crm, field_of

RETAIL = PROJECT_DIR.parent / "shared/data/retail/contacts.csv"
HUBSPOT = PROJECT_DIR.parent / "shared/data/crm_exports/hubspot/contact_data.csv"
CONTACTS = "crm/standard/contacts"
TABLE = "standard__contacts"


def test_a_record_counts_once_in_its_latest_state_at_the_clock(crm: Crm):
    crm.land(MARCH - timedelta(days=2), CONTACTS, "contact_id,country\n1,DE\n2,\n")
    crm.land(MARCH - timedelta(days=1), CONTACTS, "contact_id,country\n1,FR\n")
    crm.land(MARCH + timedelta(days=1), CONTACTS, "contact_id,country\n1,XX\n2,XX\n3,XX\n")
    country = field_of(crm.audit(), TABLE, "country")
    assert (country.rows, country.filled, country.distinct_values) == (2, 1, 1)
    assert country.invalid == 0
    assert country.last_new_value_at == MARCH - timedelta(days=1)


def test_a_vendor_record_counts_once_by_its_id_or_email(crm: Crm):
    place, header = "crm/hubspot/contact", "Record ID,Email,Country/Region\n"
    crm.land(MARCH - timedelta(days=2), place, header + "1,a@x.io,DE\n,b@x.io,DE\n,,DE\n,,DE\n")
    crm.land(MARCH - timedelta(days=1), place, header + "1,a@x.io,FR\n,b@x.io,FR\n")
    country = field_of(crm.audit(), "hubspot__contact", "Country/Region")
    assert (country.rows, country.distinct_values) == (4, 2)


def test_personal_values_and_unique_values_are_never_shown(crm: Crm):
    rows = "".join(f"{n},ada{n}@a.io,Ada,+49 30 123456,DE,Gold\n" for n in range(9))
    content = f"contact_id,email,first_name,phone,country,tier\n{rows}9,b@a.io,Bob,,Ada Byron,Ada\n"
    crm.land(MARCH, CONTACTS, content)
    audit = crm.audit()
    tier, country = field_of(audit, TABLE, "tier"), field_of(audit, TABLE, "country")
    assert tier.frequent_values == [("Gold", 9)]
    assert (country.invalid, country.invalid_values) == (1, [])
    assert field_of(audit, TABLE, "first_name").is_personal
    text = json.dumps(audit.as_dict())
    assert "Ada" not in text
    assert "@a.io" not in text
    assert "123456" not in text


def test_telephone_numbers_under_any_field_name_are_personal(crm: Crm):
    rows = "".join(f"{n},+49 30 12345{n % 2}\n" for n in range(8))
    crm.land(MARCH, CONTACTS, f"contact_id,reachable\n{rows}")
    reachable = field_of(crm.audit(), TABLE, "reachable")
    assert reachable.is_personal
    assert not reachable.frequent_values


def test_a_field_without_a_new_value_for_audit_stale_days_is_stale(crm: Crm):
    days = int(crm.settings.parameters.get("audit_stale_days", 180))
    begin = MARCH - timedelta(days=days)
    crm.land(begin, CONTACTS, "contact_id,country,language\n1,DE,de\n2,FR,fr\n")
    crm.land(MARCH, CONTACTS, "contact_id,country,language\n1,DE,en\n2,FR,fr\n")
    assert not crm.audit().stale
    later = crm.audit(MARCH + timedelta(seconds=1))
    # The record id has not changed either.
    assert {field.field for field in later.stale} == {"contact_id", "country"}
    country = field_of(later, TABLE, "country")
    assert country.stale_reason == f"no record has a new value since {begin:%Y-%m-%d}"
    assert country.unusable_reason == "stale"
    assert field_of(later, TABLE, "language").unusable_reason is None


def test_a_field_that_is_empty_in_new_exports_is_stale_at_once(crm: Crm):
    filled = "".join(f"{n},DE,de\n" for n in range(10))
    emptied = "".join(f"{n},DE,\n" for n in range(10))
    crm.land(MARCH - timedelta(days=1), CONTACTS, f"contact_id,country,language\n{filled}")
    crm.land(MARCH, CONTACTS, f"contact_id,country,language\n{emptied}")
    (stale,) = crm.audit().stale
    assert (stale.field, stale.stale_reason) == (
        "language",
        "empty in every export since 2026-03-01",
    )


def test_a_field_with_values_only_in_unchanged_records_is_stale(crm: Crm):
    content = "contact_id,language,job_title,updated_at\n1,de,CEO,2020-01-01\n2,de,,2026-02-28\n"
    crm.land(MARCH, CONTACTS, content)
    (stale,) = crm.audit().stale
    assert (stale.field, stale.stale_reason) == (
        "job_title",
        "the CRM has changed no record with a value since 2020-01-01",
    )


def test_unparsable_values_count_as_invalid(crm: Crm):
    rows = (
        "".join(f"{n},{n},Europe/Berlin\n" for n in range(1, 40)) + "40,many,Berlin\n41,,Berlin\n"
    )
    crm.land(MARCH, CONTACTS, f"contact_id,seats,timezone\n{rows}")
    audit = crm.audit()
    assert field_of(audit, TABLE, "seats").holds == "number"
    assert field_of(audit, TABLE, "seats").invalid == 1
    assert field_of(audit, TABLE, "timezone").invalid_values == [("Berlin", 2)]


def test_placeholders_are_empty_ids_carry_no_segment_and_unread_consent_comes_first(crm: Crm):
    header = "contact_id,country,tier,legacy,Customer Number,newsletter,marketing_consent\n"
    rows = "".join(
        f"{n},{('Russia', 'Select Country')[n % 2]},{('Gold', '-- None --')[n % 2]},"
        f"A-{10_000 + n},{n // 2},{('yes', 'no')[n % 3 > 0]},true\n"
        for n in range(12)
    )
    crm.land(MARCH, CONTACTS, header + rows)
    audit = crm.audit()

    country, tier = field_of(audit, TABLE, "country"), field_of(audit, TABLE, "tier")
    assert (country.filled, country.invalid) == (6, 0)
    assert country.placeholders == [("Select Country", 6)]
    assert (tier.filled, tier.distinct_values) == (6, 1)
    for name in ("contact_id", "legacy", "Customer Number"):
        field = field_of(audit, TABLE, name)
        assert (field.holds, field.segment_kind) == ("id", None), name
    # marketing_consent is read by the models.
    assert [field.field for field in audit.unread_consents] == ["newsletter"]
    assert nulls_by_table(audit.fields) == {TABLE: ["Select Country", "-- None --"]}


def test_an_odd_column_name_is_quoted_in_sql(crm: Crm):
    odd = 'a"b; drop schema raw'
    crm.land(MARCH, "crm/shop/orders", f'x,"{odd.replace(chr(34), chr(34) * 2)}"\n1,one\n')
    assert field_of(crm.audit(), "shop__orders", odd).filled == 1


def test_the_demo_export_shows_invalid_and_missing_values(crm: Crm):
    Company().write_history(crm.settings.landing_dir)
    crm.land_folder(MARCH)
    audit = crm.audit()
    email = field_of(audit, TABLE, "email")
    counts = {row.verdict: row.rows for row in audit.addresses if row.field == "email"}
    assert sum(counts.values()) == email.filled > 2_000
    assert counts["invalid"] == email.invalid > 10
    assert 0.8 < field_of(audit, TABLE, "timezone").fill_rate < 0.9
    industry = field_of(audit, "standard__companies", "industry")
    assert (industry.segment_kind, industry.unusable_reason) == ("firmographic", None)
    assert audit.segment_features == []  # before the first tick


@pytest.mark.shared_data
@pytest.mark.skipif(not RETAIL.is_file(), reason="needs shared/data/retail")
def test_a_real_retail_export_has_the_age_of_a_third_of_its_households(crm: Crm):
    crm.land(MARCH, "crm/retail/contacts", RETAIL.read_text(encoding="utf-8"))
    audit = crm.audit()
    age = field_of(audit, "retail__contacts", "age")
    assert (age.rows, age.filled, age.distinct_values) == (2469, 801, 6)
    assert (age.segment_kind, age.unusable_reason) == ("demographic", "filled for 32%")
    assert {row.verdict: row.rows for row in audit.addresses}["personal"] == 2469


@pytest.mark.shared_data
@pytest.mark.skipif(not HUBSPOT.is_file(), reason="needs shared/data/crm_exports")
def test_hashed_addresses_of_a_real_export_are_invalid(crm: Crm):
    crm.land(MARCH, "crm/hubspot/contacts", HUBSPOT.read_text(encoding="utf-8"))
    audit = crm.audit()
    email = field_of(audit, "hubspot__contacts", "property_email")
    assert (email.filled, email.invalid) == (22, 22)
    revenue = field_of(audit, "hubspot__contacts", "property_annualrevenue")
    assert (revenue.holds, revenue.unusable_reason) == ("number", "only one value")


def test_a_day_keeps_its_last_audit_and_the_page_shows_escaped_values(crm: Crm):
    crm.land(MARCH, CONTACTS, "contact_id,country,tier\n1,<b>DE</b>,a\n2,<b>DE</b>,a\n")
    crm.audit()
    run_crm(crm.settings)
    run_crm(crm.settings)
    with warehouse.connect(crm.settings.warehouse_path) as connection:
        rows = connection.execute(
            "select field, count(*), any_value(audited_on)::varchar, sum(invalid) "
            "from audit.crm_fields group by field having sum(filled) > 0 order by field"
        ).fetchall()
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'audit'"
        ).fetchall()
    assert rows == [
        ("contact_id", 1, "2026-03-02", 0),
        ("country", 1, "2026-03-02", 2),
        ("tier", 1, "2026-03-02", 0),
    ]
    assert {name for (name,) in tables} == set(CRM_TABLES)
    page = (crm.settings.home / "report/crm.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;DE&lt;/b&gt;" in page
    assert "<b>DE</b>" not in page
    assert "//" not in page.replace("<!doctype", "")  # the page loads nothing from the network
    assert 'href="crm.html"' in (crm.settings.home / "report/index.html").read_text("utf-8")
