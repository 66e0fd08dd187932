from __future__ import annotations

import pytest

from dagster_project.audit import naming


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
def test_names_of_all_styles_say_what_a_field_holds(name: str, holds: str | None):
    assert naming.holds(name) == holds


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
def test_what_says_who_or_where_somebody_is_is_personal(table: str, name: str, personal: bool):
    assert naming.is_personal(name, table) is personal


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
def test_a_field_carries_the_kind_of_segment_that_it_or_its_object_is_about(
    table: str, name: str, kind: str
):
    assert naming.segment_kind(name, table) == kind


def test_the_crms_own_time_of_change_is_found_under_the_vendors_names():
    assert naming.find_updated(["id", "property_lastmodifieddate"]) == "property_lastmodifieddate"
    assert naming.find_updated(["LastModifiedDate", "SystemModstamp"]) == "LastModifiedDate"
    assert naming.find_updated(["id", "created_at"]) is None
