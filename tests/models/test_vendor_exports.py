"""Sample exports of six vendors: rows landed and rows staged, compared with counts of the files."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.models.vendor_exports import NOW, OBJECTS, VENDORS, exports, rows_of

if TYPE_CHECKING:
    from tests.models.vendor_exports import Staged

pytestmark = pytest.mark.shared_data

SAMPLES = f"received_at = timestamptz '{NOW.isoformat()}'"
DAY_2, DAY_3 = NOW + timedelta(days=1), NOW + timedelta(days=2)
WEB = f"received_at = timestamptz '{DAY_2.isoformat()}'"
FAULTS = f"received_at = timestamptz '{DAY_3.isoformat()}'"


# ── counts ───────────────────────────────────────────────────────────────────────────────────────
def test_every_row_of_every_file_lands_unchanged(staged: Staged):
    landed = dict(staged.rows("select path, rows_landed from raw.files"))
    samples = {path: rows for path, rows in landed.items() if not path.endswith("web.csv")}
    counts = {
        next(
            path for path in samples if path.endswith(f"/{e.vendor}/{e.object}/{e.path.name}")
        ): len(e.rows())
        for e in exports()
    }
    assert samples == counts
    assert len(counts) == len(exports()) > 100
    assert staged.rows("select * from raw.rejects") == []


def _merge_ids(text: str) -> list[str]:
    return [part for part in text.strip("[]").split(",") if part]


def expected_counts() -> dict[tuple[str, str], int]:
    """Rows per vendor and object of the input layer, counted in the files by Python alone."""
    hubspot_contacts = rows_of("hubspot", "contact")
    dropped = Counter(row["drop_reason"] for row in rows_of("hubspot", "email_event_dropped"))
    return {
        ("hubspot", "contacts"): len(hubspot_contacts),
        ("hubspot", "companies"): len(rows_of("hubspot", "company")),
        ("hubspot", "deals"): len(rows_of("hubspot", "deal")),
        ("hubspot", "owners"): len(rows_of("hubspot", "owner")),
        ("hubspot", "form_submissions"): len(rows_of("hubspot", "contact_form_submission")),
        ("hubspot", "consents"): (
            len(rows_of("hubspot", "email_event_status_change"))
            + len(rows_of("hubspot", "email_event_spam_report"))
            + sum(r["category"] == "UNKNOWN_USER" for r in rows_of("hubspot", "email_event_bounce"))
            + dropped.total()
            - dropped["INVALID_TO_ADDRESS"]
        ),
        ("hubspot", "contact_merges"): (
            len(rows_of("hubspot", "contact_merge_audit"))
            + sum(
                len(row["property_hs_merged_object_ids"].split(";"))
                for row in hubspot_contacts
                if row["property_hs_merged_object_ids"]
            )
        ),
        ("salesforce", "contacts"): (
            len(rows_of("salesforce", "contact")) + len(rows_of("salesforce", "lead"))
        ),
        ("salesforce", "companies"): len(rows_of("salesforce", "account")),
        ("salesforce", "deals"): len(rows_of("salesforce", "opportunity")),
        ("salesforce", "owners"): len(rows_of("salesforce", "user")),
        ("salesforce", "consents"): sum(
            bool(row["email_bounced_date"]) + (row["has_opted_out_of_email"] == "TRUE")
            for row in rows_of("salesforce", "contact") + rows_of("salesforce", "lead")
        ),
        ("salesforce", "contact_merges"): (
            sum(bool(row["master_record_id"]) for row in rows_of("salesforce", "contact"))
            + sum(bool(row["converted_contact_id"]) for row in rows_of("salesforce", "lead"))
        ),
        ("marketo", "contacts"): len(rows_of("marketo", "lead")),
        ("marketo", "consents"): (
            len(rows_of("marketo", "activity_unsubscribe_email"))
            + sum(row["category"] == "2" for row in rows_of("marketo", "activity_email_bounced"))
        ),
        ("marketo", "contact_merges"): sum(
            len(_merge_ids(row["merge_ids"])) for row in rows_of("marketo", "activity_merge_leads")
        ),
        ("mailchimp", "contacts"): len(rows_of("mailchimp", "member")),
        ("mailchimp", "consents"): (
            len(rows_of("mailchimp", "unsubscribe"))
            + sum(row["status"] == "unsubscribed" for row in rows_of("mailchimp", "member"))
            + sum(
                row["bounce_type"] == "hard"
                for row in rows_of("mailchimp", "campaign_recipient_activity")
            )
        ),
        ("klaviyo", "contacts"): len(rows_of("klaviyo", "person")),
        ("klaviyo", "consents"): sum(
            row["type"] in ("Unsubscribed", "Marked Email as Spam")
            for row in rows_of("klaviyo", "event")
        ),
        ("pipedrive", "contacts"): 0,
        ("pipedrive", "consents"): 0,
        ("pipedrive", "companies"): 0,
        ("pipedrive", "deals"): 0,
        ("pipedrive", "owners"): 0,
    }


def test_each_object_has_as_many_versions_as_the_files(staged: Staged):
    counts = {
        (vendor, thing): staged.rows(
            f"select count(*) from staging.stg_{vendor}__{thing} where {SAMPLES}"
        )[0][0]
        for vendor, thing in staged.models()
    }
    assert counts == expected_counts()


def test_the_input_layer_has_every_row_of_the_vendors_models(staged: Staged):
    rows = {
        (vendor, thing): staged.rows(f"select count(*) from staging.stg_{vendor}__{thing}")[0][0]
        for vendor, thing in staged.models()
    }
    layer = {
        (source, thing): count
        for thing in OBJECTS
        for source, count in staged.rows(
            f"select source, count(*) from input.input_{thing} group by source"
        )
        if source in VENDORS
    }
    assert layer == {key: count for key, count in rows.items() if count}


def test_every_model_of_a_vendor_passed_its_tests(staged: Staged):
    statuses = Counter(
        (unique_id.split(".")[0], status) for unique_id, status in staged.statuses.items()
    )
    assert {status for kind, status in statuses if kind != "test"} == {"success"}
    # The samples have invalid time zones: dbt warns and builds every model.
    warned = [name for name, status in staged.statuses.items() if status == "warn"]
    assert ["no_rows_unreadable_values" in name for name in warned] == [True]


# ── values ───────────────────────────────────────────────────────────────────────────────────────
def one(staged: Staged, columns: str, model: str, where: str) -> tuple[Any, ...]:
    (row,) = staged.rows(f"select {columns} from staging.{model} where {where}")
    return row


def test_a_hubspot_contact_keeps_an_invalid_address_and_its_merges(staged: Staged):
    (exported,) = (r for r in rows_of("hubspot", "contact") if r["property_hs_merged_object_ids"])
    crm_id = f"hubspot:{exported['id']}"
    assert one(
        staged,
        "email_given, company_name, marketing_consent, is_deleted, created_at",
        "stg_hubspot__contacts",
        f"crm_id = '{crm_id}'",
    ) == (
        exported["property_email"],
        "SampleCompany",
        None,
        False,
        datetime(2021, 4, 1, 17, 32, 47, tzinfo=UTC),
    )
    merged = staged.rows(
        f"select crm_id from staging.stg_hubspot__contact_merges where merged_into = '{crm_id}'"
    )
    ids = exported["property_hs_merged_object_ids"].split(";")
    assert {crm_id for (crm_id,) in merged} == {f"hubspot:{merged_id}" for merged_id in ids}


def test_one_digit_hours_and_revenue_are_read(staged: Staged):
    assert one(
        staged,
        "created_at, annual_revenue, country, is_deleted",
        "stg_hubspot__companies",
        "company_id = 'hubspot:2412860846'",
    ) == (datetime(2019, 9, 15, 2, 50, 54, tzinfo=UTC), 10_000_000.0, "United States", False)


def test_each_kind_of_hubspot_event_gives_its_consent_statements(staged: Staged):
    dropped = Counter(row["drop_reason"] for row in rows_of("hubspot", "email_event_dropped"))
    assert dict(
        staged.rows(
            "select said, count(*) from staging.stg_hubspot__consents "
            f"where {SAMPLES} group by said"
        )
    ) == {
        "opt_out": len(rows_of("hubspot", "email_event_status_change")),
        "complained": len(rows_of("hubspot", "email_event_spam_report")) + dropped["PREVIOUS_SPAM"],
        "bounced": 1 + dropped["PREVIOUSLY_BOUNCED"],
        "import_out": dropped["PREVIOUSLY_UNSUBSCRIBED_PORTAL"]
        + dropped["PREVIOUSLY_UNSUBSCRIBED_MESSAGE"],
    }
    # email_event lacks the events of the sample, so every address is null.
    assert staged.rows(
        f"select count(email) from staging.stg_hubspot__consents where {SAMPLES}"
    ) == [(0,)]


def test_a_form_submission_has_the_name_of_its_form(staged: Staged):
    names = {row["guid"]: row["name"] for row in rows_of("hubspot", "form")}
    expected = {
        (f"hubspot:{row['conversion_id']}", f"hubspot:{row['contact_id']}", names[row["form_id"]])
        for row in rows_of("hubspot", "contact_form_submission")
    }
    assert (
        set(
            staged.rows(
                "select submission_id, crm_id, form_name from staging.stg_hubspot__form_submissions"
            )
        )
        == expected
    )


def test_a_converted_lead_is_merged_into_its_contact(staged: Staged):
    assert staged.rows(
        "select crm_id, merged_into, merged_at from staging.stg_salesforce__contact_merges"
    ) == [
        (
            "salesforce:00Q1G00000nDnM5UAK",
            "salesforce:0031G00001QtDPlQAN",
            datetime(2019, 11, 11, 17, 23, 34, tzinfo=UTC),
        )
    ]
    assert one(
        staged,
        "email_given, first_name, company_name, lifecycle_stage",
        "stg_salesforce__contacts",
        "crm_id = 'salesforce:00Q1G00000nDnM5UAK'",
    ) == ("h@gmail.com", "H", "Z", "Converted")


def test_records_deleted_in_salesforce_are_marked_deleted(staged: Staged):
    for model, thing, flag, key in [
        ("stg_salesforce__companies", "account", "is_deleted", "company_id"),
        ("stg_salesforce__deals", "opportunity", "is_deleted", "deal_id"),
    ]:
        deleted = {r["id"] for r in rows_of("salesforce", thing) if r[flag] == "true"}
        rows = staged.rows(f"select {key} from staging.{model} where is_deleted")
        assert {record for (record,) in rows} == {f"salesforce:{record}" for record in deleted}
        assert deleted


def test_an_opportunity_has_the_status_that_salesforce_gives(staged: Staged):
    expected = {
        f"salesforce:{row['id']}": (
            "won" if row["is_won"] == "true" else "lost" if row["is_closed"] == "true" else "open"
        )
        for row in rows_of("salesforce", "opportunity")
    }
    assert (
        dict(staged.rows("select deal_id, status from staging.stg_salesforce__deals")) == expected
    )
    assert set(expected.values()) == {"won", "lost", "open"}


def test_marketo_unsubscribes_are_opt_outs_and_only_missing_addresses_bounce(staged: Staged):
    unsubscribed = rows_of("marketo", "activity_unsubscribe_email")
    rows = staged.rows(
        "select crm_id, strftime(said_at, '%Y-%m-%d %H:%M:%S') from staging.stg_marketo__consents "
        "where said = 'opt_out'"
    )
    assert Counter(rows) == Counter(
        (f"marketo:{row['lead_id']}", row["activity_date"][:19]) for row in unsubscribed
    )
    bounced = {
        f"marketo:{row['lead_id']}"
        for row in rows_of("marketo", "activity_email_bounced")
        if row["category"] == "2"
    }
    rows = staged.rows("select crm_id from staging.stg_marketo__consents where said = 'bounced'")
    assert {lead for (lead,) in rows} == bounced


def test_a_person_in_two_audiences_is_two_members(staged: Staged):
    members = rows_of("mailchimp", "member")
    rows = staged.rows(
        "select crm_id, marketing_consent, consent_at is not null "
        f"from staging.stg_mailchimp__contacts where {SAMPLES}"
    )
    assert set(rows) == {
        (f"mailchimp:{row['list_id']}:{row['id']}", row["status"] == "subscribed", True)
        for row in members
    }
    assert len({row["id"] for row in members}) < len(members)
    (left,) = rows_of("mailchimp", "unsubscribe")
    (shown,) = (row for row in members if row["status"] == "unsubscribed")
    rows = staged.rows(
        "select crm_id, said, said_at, detail "
        f"from staging.stg_mailchimp__consents where {SAMPLES} order by detail"
    )
    assert rows == [
        (
            f"mailchimp:{shown['list_id']}:{shown['id']}",
            "opt_out",
            datetime.fromisoformat(shown["last_changed"]).replace(tzinfo=UTC),
            "status unsubscribed",
        ),
        (
            f"mailchimp:{left['list_id']}:{left['member_id']}",
            "opt_out",
            datetime(2020, 4, 17, 16, 32, 51, tzinfo=UTC),
            "unsubscribed from campaign b63e7b8aff",
        ),
    ]


def test_a_klaviyo_profile_has_the_consent_of_its_shop(staged: Staged):
    rows = staged.rows(
        "select email_given, marketing_consent, timezone "
        f"from staging.stg_klaviyo__contacts where {SAMPLES}"
    )
    asked = {"": None, "false": False, "true": True}
    assert set(rows) == {
        (row["email"], asked[row["custom_accepts_marketing"]], row["timezone"])
        for row in rows_of("klaviyo", "person")
    }


# ── headers of web pages ─────────────────────────────────────────────────────────────────────────
def test_a_hubspot_list_of_contacts_is_read_like_the_api(staged: Staged):
    assert one(
        staged,
        "email_given, first_name, last_name, phone, country, owner_name, company_name, created_at",
        "stg_hubspot__contacts",
        "crm_id = 'hubspot:901'",
    ) == (
        "ada@web.example",
        "Ada",
        "Lovelace",
        "+49 40 1",
        "Germany",
        "Rep One",
        "Engines Ltd",
        datetime(2023, 1, 5, 9, 33, tzinfo=UTC),
    )
    assert one(
        staged,
        "crm_id, company_id, status, stage, amount",
        "stg_hubspot__deals",
        "deal_id = 'hubspot:911'",
    ) == ("hubspot:901", "hubspot:921", "lost", "closed lost", pytest.approx(1250.5))


def test_the_times_of_a_mailchimp_member_give_the_consent(staged: Staged):
    def member(address: str) -> str:
        return f"mailchimp:{hashlib.md5(address.encode()).hexdigest()}"

    rows = staged.rows(
        "select crm_id, marketing_consent, consent_at, timezone "
        f"from staging.stg_mailchimp__contacts where {WEB} order by line"
    )
    left = datetime(2020, 4, 17, 16, 32, 50, tzinfo=UTC)
    confirmed = datetime(2019, 11, 7, 10, 5, 46, tzinfo=UTC)
    assert rows == [
        (member("in@web.example"), True, confirmed, "Europe/Berlin"),
        (member("out@web.example"), False, left, None),
    ]
    assert one(staged, "crm_id, email, said, said_at, detail", "stg_mailchimp__consents", WEB) == (
        member("out@web.example"),
        "out@web.example",
        "opt_out",
        left,
        "unsubscribed from campaign Spring: NORMAL",
    )


def test_the_consent_words_of_a_klaviyo_list_are_read(staged: Staged):
    assert staged.rows(
        "select crm_id, email_given, first_name, country, marketing_consent "
        f"from staging.stg_klaviyo__contacts where {WEB} order by line"
    ) == [
        ("klaviyo:K1", "yes@web.example", "Yes", "France", True),
        ("klaviyo:K2", "no@web.example", None, None, False),
    ]


def test_a_pipedrive_list_of_deals_gives_deals_and_persons(staged: Staged):
    assert staged.rows(
        "select deal_id, crm_id, name, stage, status, closed_at "
        "from staging.stg_pipedrive__deals order by line"
    ) == [
        (
            "pipedrive:31",
            "pipedrive:41",
            "Licence",
            "contract",
            "won",
            datetime(2023, 3, 1, tzinfo=UTC),
        ),
        ("pipedrive:32", None, None, None, "open", None),
    ]
    assert staged.rows(
        "select crm_id, email_given, marketing_consent from staging.stg_pipedrive__contacts"
    ) == [("pipedrive:41", "bea@web.example", True)]


# ── your own CRM ─────────────────────────────────────────────────────────────────────────────────
def test_the_crm_of_the_readme_is_among_the_inputs(staged: Staged):
    assert staged.rows(
        "select crm_id, email_given, first_name, marketing_consent, updated_at "
        "from input.input_contacts where source = 'acme' order by line"
    ) == [
        ("acme:7", "ina@acme.example", "Ina", True, None),
        ("acme:8", None, None, False, datetime(2026, 1, 1, 7, tzinfo=UTC)),
    ]


# ── files that went wrong ────────────────────────────────────────────────────────────────────────
def test_refusals_in_other_spellings_and_words_are_statements(staged: Staged):
    """A German export of Mailchimp, HubSpot's `Record ID - Contact`, Klaviyo's suppressions."""
    assert staged.rows(
        f"select source, email, said from input.input_consents where {FAULTS} order by all"
    ) == [
        ("hubspot", "bob@example.com", "opt_out"),
        ("klaviyo", "hal@example.com", "opt_out"),
        ("klaviyo", "ida@example.com", "bounced"),
        ("klaviyo", "jo@example.com", "complained"),
        ("klaviyo", "jo@example.com", "opt_out"),
        ("klaviyo", "kim@example.com", "opt_out"),
        ("mailchimp", "cora@mc.example", "opt_out"),
        ("mailchimp", "gus@example.com", "opt_out"),
        ("salesforce", "ola@example.com", "opt_out"),
    ]


def test_people_of_files_that_went_wrong_are_contacts(staged: Staged):
    assert staged.rows(
        f"""select email_given, first_name, birthday, marketing_consent
            from input.input_contacts
            where {FAULTS} and source <> 'klaviyo' order by email_given"""
    ) == [
        ("ann@example.com", "Ann", None, None),
        ("anna@mc.example", "Anna", "--05-12", True),
        ("bob@example.com", "Bob", None, False),
        ("cora@mc.example", "Cora", None, False),
        ("gus@example.com", None, None, False),
        ("ola@example.com", "Ola", None, False),
        ("pia@example.com", "Pia", None, None),
    ]


def test_a_merged_deal_counts_once(staged: Staged):
    assert staged.rows(
        f"select deal_id, is_deleted from input.input_deals where {FAULTS} order by deal_id"
    ) == [("hubspot:9001", False), ("hubspot:9002", True)]


# ── unreadable values ────────────────────────────────────────────────────────────────────────────
def test_unreadable_values_are_listed_with_file_and_line(staged: Staged):
    rows = staged.rows(
        """
        select u.raw_table, u.column_name, u.should_be, u.value, u.line
        from staging.unreadable_values u
        inner join raw.files f on f.file_id = u.file_id and f.path like '%/web.csv'
        order by all
        """
    )
    assert rows == [
        ("acme__people", "Newsletter", "consent", "vielleicht", 3),
        ("acme__people", "Number", "id", None, 4),
        ("hubspot__contact", "Create Date", "instant", "05/01/2023", 3),
        ("hubspot__contact", "id, Record ID, property_email, Email", "id", None, 4),
        ("hubspot__deal", "Amount", "number", "1,250", 3),
        ("klaviyo__person", "Email Marketing Consent", "consent", "perhaps", 3),
        ("klaviyo__person", "Profile Created On", "instant", "2026-07-01 12:00 BST", 3),
        ("mailchimp__member", "timezone", "zone", "BST", 3),
    ]
    (zones,) = staged.rows(
        f"select count(*) from staging.unreadable_values where {SAMPLES} and should_be = 'zone'"
    )
    area_codes = [
        r["timezone"] for r in rows_of("mailchimp", "member") if r["timezone"][:1].isdigit()
    ]
    assert zones == (len(area_codes),)


def test_a_column_without_the_matching_reads_as_stops_the_model(staged: Staged):
    path = staged.project / "models/staging/klaviyo/__sources.yml"
    text = path.read_text(encoding="utf-8")
    line = "          - {name: created, config: {meta: {reads_as: instant}}}\n"
    assert line in text
    path.write_text(text.replace(line, "          - {name: created}\n"), encoding="utf-8")
    try:
        with pytest.raises(AssertionError, match=r"said_instant\('created'\).*__sources.yml"):
            staged.build("stg_klaviyo__contacts")
    finally:
        path.write_text(text, encoding="utf-8")
