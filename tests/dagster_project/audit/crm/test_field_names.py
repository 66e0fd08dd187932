from __future__ import annotations

import pytest

from dagster_project.audit.crm import field_names


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("email", "email"), ("E-mail", "email"), ("property_email_1", "email"),
        ("is_email_bounced", None), ("email_type", None), ("has_opted_out_of_email", None),
        ("firstName", "name"), ("Contact Owner", None), ("owner_name", "name"),
        ("MobilePhone", "phone"), ("Time Zone", "timezone"), ("mailing_country_code", "country"),
        ("company_id", "id"), ("created_at", "instant"), ("last_modified_date", "instant"),
        ("industry", None),
    ],
)  # fmt: skip
def test_the_content_type_follows_from_names_in_any_style(name: str, holds: str | None):
    assert field_names.holds(name) == holds


@pytest.mark.parametrize(
    ("table", "name", "personal"),
    [
        ("standard__contacts", "name", True),
        ("standard__companies", "name", False),
        ("standard__contacts", "owner_name", True),
        ("standard__contacts", "Mailing Street", True),
        ("standard__contacts", "lifecycle_stage", False),
        ("standard__contacts", "phone", True),
        ("standard__contacts", "job_title", False),
    ],
)
def test_a_field_that_identifies_or_locates_a_person_is_personal(
    table: str, name: str, personal: bool
):
    assert field_names.is_personal(name, table) is personal


@pytest.mark.parametrize(
    ("table", "name", "kind"),
    [
        ("standard__contacts", "job_title", "demographic"),
        ("standard__contacts", "company_country", "firmographic"),
        ("standard__companies", "country", "firmographic"),
        ("standard__companies", "tier", "firmographic"),
        ("standard__contacts", "lifecycle_stage", "lifecycle"),
        ("standard__deals", "currency", "lifecycle"),
        ("standard__contacts", "last_activity_date", "behavioral"),
        ("retail__contacts", "marital_status", "demographic"),
    ],
)
def test_the_segment_kind_follows_from_the_field_name_or_the_object_name(
    table: str, name: str, kind: str
):
    assert field_names.segment_kind(name, table) == kind


@pytest.mark.parametrize(
    "name",
    [
        *("Record ID - Contact", "contact_id", "Associated Company IDs", "hs_object_id_source_id"),
        *("Customer Number", "account_no", "member number", "External Ref", "Kundennummer", "GUID"),
    ],
)
def test_an_id_is_known_by_any_word_of_its_name(name: str):
    assert field_names.holds(name) == "id"


@pytest.mark.parametrize("name", ["Number of Employees", "order_status", "order_count", "paid"])
def test_a_count_or_a_status_is_no_id(name: str):
    assert field_names.holds(name) is None


def test_the_change_time_of_the_crm_is_found_under_vendor_names():
    assert (
        field_names.find_updated(["id", "property_lastmodifieddate"]) == "property_lastmodifieddate"
    )
    assert field_names.find_updated(["LastModifiedDate", "SystemModstamp"]) == "LastModifiedDate"
    assert field_names.find_updated(["id", "created_at"]) is None
