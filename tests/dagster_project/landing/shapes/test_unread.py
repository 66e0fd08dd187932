"""A CRM export that models would not read is refused, or a notice says so."""

from __future__ import annotations

import shutil
import tomllib

import pytest

from dagster_project.home.settings import PROJECT_DIR
from dagster_project.home.source_settings import SourceSettings


@pytest.mark.parametrize(
    ("place", "header", "row", "remedy"),
    [
        # nothing identifies a record
        ("mailchimp/member", "Adr,Stufe", "a@x.example,3", {"email_address": "Adr"}),
        ("hubspot/contact", "Mailkontakt,Stadt", "a@x.example,Bonn", {"Email": "Mailkontakt"}),
        ("klaviyo/person", "Kunde,Adres", "Eva,a@x.example", {"email": "Adres"}),
        ("salesforce/contact", "Posta,Azienda", "a@x.example,Acme", {"email": "Posta"}),
        ("marketo/lead", "Contatto,Città", "a@x.example,Roma", {"Email Address": "Contatto"}),
        ("pipedrive/person", "Anschrift,Name", "a@x.example,Eva", {"email": "Anschrift"}),
        ("hubspot/deal", "Nummer,Wert", "7,12.50", {"Record ID": "…"}),
        # an id, but the address in an unknown column
        (
            "pipedrive/person",
            "Person - ID,Person - E-Mail - Arbeit,Person - Marketing status",
            "1,a@x.example,unsubscribed",
            {"email": "Person - E-Mail - Arbeit"},
        ),
        (
            "hubspot/contact",
            "Datensatz-ID,Kontaktweg,Owner Email,Von allen E-Mails abgemeldet",
            "1,a@x.example,o@x.example,Ja",
            {"Email": "Kontaktweg"},
        ),
        # a refusal in an unknown column
        (
            "hubspot/contact",
            "Email,E-Mail-Abmeldung",
            "a@x.example,ja",
            {"property_hs_email_optout": "E-Mail-Abmeldung"},
        ),
        (
            "salesforce/lead",
            "Lead ID,Email,Ne plus recevoir (désabonnement)",
            "1,a@x.example,1",
            {"has_opted_out_of_email": "Ne plus recevoir (désabonnement)"},
        ),
        (
            "klaviyo/person",
            "Email,Toestemming gegeven",
            "a@x.example,nee",
            {"Email Marketing Consent": "Toestemming gegeven"},
        ),
        (
            "salesforce/contact",
            "Contact ID,Email,メール送信除外",
            "1,a@x.example,1",
            {"has_opted_out_of_email": "メール送信除外"},
        ),
        # a value that says so, whatever the column's name
        (
            "mailchimp/member",
            "Email Address,Estado",
            "a@x.example,Unsubscribed",
            {"status": "Estado"},
        ),
        (
            "marketo/lead",
            "Id,Email Address,Zustand",
            "1,a@x.example,Désabonné",
            {"unsubscribed": "Zustand"},
        ),
    ],
)
def test_a_file_is_refused_whole_with_a_mapping_that_lands(
    make_landing, place, header, row, remedy
):
    crm, thing = place.split("/")
    landing = make_landing()
    landed = landing.land_one(f"crm/{place}/a.csv", f"{header}\n{row}\n")

    assert landed.error is not None
    assert landing.rows(f"select * from raw.{crm}__{thing}") == []
    assert "a@x.example" not in landed.error
    snippet = landed.error[landed.error.index("[sources.") :].partition("\nand land")[0]
    [(name, source)] = tomllib.loads(snippet)["sources"].items()
    assert source["columns"] == remedy

    if "…" in remedy.values():
        source["columns"] = dict.fromkeys(remedy, header.split(",")[0])
    mended = make_landing(**{name: source})
    assert SourceSettings.model_validate(source)
    again = mended.land_one(f"{name}/a.csv", f"{header}\n{row}\n")
    assert (again.error, again.rows_landed) == (None, 1)


def test_a_source_of_the_settings_is_named_in_the_remedy(make_landing):
    landing = make_landing(crew={"as": "crm/mailchimp/member"})
    landed = landing.land_one("crew/a.csv", "Adr,Stufe\na@x.example,3\n")
    assert landed.error is not None
    assert landed.error.endswith('[sources.crew]\ncolumns = { email_address = "Adr" }')


def test_a_further_column_about_consent_is_a_warning(landing):
    landed = landing.land_one(
        "crm/hubspot/contact/a.csv",
        "Record ID,Email,Unsubscribed from all email,Einwilligung\n1,a@x.example,No,nein\n",
    )
    assert landed.rows_landed == 1
    assert any("WARNING" in each and '"Einwilligung"' in each for each in landed.notices)


@pytest.mark.parametrize(
    "header",
    [
        "Record ID,Email,Unsubscribed from all email,Opted out of email: News",
        "id,email,hs_email_optout,hs_email_optout_12345",
        "Record ID,Email,Unsubscribed from all email,SMS opt-out",
        "Record ID,Email,Unsubscribed from all email,Marketing contact status",
    ],
)
def test_a_column_that_models_read_or_about_another_channel_is_no_warning(landing, header):
    landed = landing.land_one("crm/hubspot/contact/a.csv", f"{header}\n1,a@x.example,No,Yes\n")
    assert (landed.error, landed.rows_landed) == (None, 1)
    assert not any("WARNING" in each for each in landed.notices)


def test_an_empty_column_about_consent_loses_nothing(landing):
    landed = landing.land_one("crm/hubspot/contact/a.csv", "Email,Einwilligung\na@x.example,\n")
    assert (landed.error, landed.rows_landed) == (None, 1)


def test_a_column_that_the_source_maps_is_decided(make_landing):
    landing = make_landing(hub={"as": "crm/hubspot/contact", "columns": {"kept": "Einwilligung"}})
    landed = landing.land_one("hub/a.csv", "Email,Einwilligung\na@x.example,ja\n")
    assert (landed.error, landed.rows_landed) == (None, 1)


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("mailchimp/members", "Land the file as crm/mailchimp/member"),
        ("hubspot/contacts", "Land the file as crm/hubspot/contact"),
        ("hubspot/companies", "Land the file as crm/hubspot/company"),
        ("klaviyo/persons", "Land the file as crm/klaviyo/person"),
        ("standard/contact", "Land the file as crm/standard/contacts"),
        ("klaviyo/suppressions", "crm/standard/consents"),
        ("mailchimp/unsubscribed_members", "crm/standard/consents"),
        ("hubspot/email_bounces", "crm/standard/consents"),
    ],
)
def test_an_object_that_no_model_reads_is_refused_if_another_is_meant(
    make_landing, tmp_path, kind, remedy
):
    """A notice suffices for a vendor whose models are disabled: they read nothing anyway."""
    content = "Email,Reason\na@x.example,x\n"
    place = f"crm/{kind}/a.csv"
    if not kind.startswith("standard"):
        landed = make_landing().land_one(place, content)
        assert landed.error is None
        assert remedy in landed.notices[-1]
        content = content.replace("a@", "b@")
    enabled = tmp_path / "project"
    shutil.copytree(PROJECT_DIR / "models/staging", enabled / "models/staging")
    landed = make_landing(project_dir=enabled).land_one(place, content)
    assert landed.error is not None
    assert remedy in landed.error


@pytest.mark.parametrize(
    ("kind", "notice"),
    [
        ("hubspot/ticket", "Exports of hubspot that models read: company, contact"),
        ("acme/people", "models/staging/acme does not exist"),
        ("hubspot/contact", "'hubspot: {+enabled: false}' in dbt_project.yml"),
    ],
)
def test_a_notice_says_that_no_model_reads_an_export(landing, kind, notice):
    landed = landing.land_one(f"crm/{kind}/a.csv", "id,email\n1,a@x.example\n")
    assert landed.error is None
    assert notice in landed.notices[-1]


@pytest.mark.parametrize("kind", ["klaviyo/person", "mailchimp/member", "hubspot/contact"])
def test_addresses_alone_do_not_say_what_they_are(make_landing, kind):
    landing = make_landing()
    landed = landing.land_one(f"crm/{kind}/a.csv", "Email\na@x.example\n")
    assert landed.error is not None
    assert "refuse mail" in landed.error
    contacts = make_landing(list={"as": f"crm/{kind}", "constants": {"kept": "list of contacts"}})
    assert contacts.land_one("list/a.csv", "Email\na@x.example\n").error is None


def test_a_file_without_rows_or_of_an_older_shape_lands(landing):
    assert landing.land_one("crm/hubspot/contact/a.jsonl", '{"id": 1, "x": 2}\n').error is None
    assert landing.land_one("crm/hubspot/contact/b.csv", "Email,Einwilligung\n").error is None


@pytest.mark.parametrize(
    ("kind", "header", "is_warning"),
    [
        ("iterable/user_history", "id,email,unsubscribed_channel_ids", True),
        ("acme/people", "id,email,Widerruf", True),
        ("hubspot/ticket", "id,gdpr_consent", True),
        ("acme/people", "id,email,city", False),
    ],
)
def test_unread_consent_of_an_unknown_object_is_a_warning(landing, kind, header, is_warning):
    landed = landing.land_one(f"crm/{kind}/a.csv", header + "\n" + "1," * header.count(",") + "1\n")
    assert landed.rows_landed == 1
    assert landed.notices[-1].startswith("WARNING: ") == is_warning


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Contact ID,Last Name,Owner Email", "1,Oak,o@x.example"),
        ("Contact ID,Last Name,Adresse", "1,Oak,Main Street 1"),
        ("Contact ID,Email,Adresse", "1,,a@x.example"),
    ],
)
def test_a_file_without_an_unread_address_lands(landing, header, row):
    landed = landing.land_one("crm/salesforce/contact/a.csv", f"{header}\n{row}\n")
    assert (landed.error, landed.rows_landed) == (None, 1)


def test_a_list_of_refusals_says_what_its_rows_are(landing):
    landed = landing.land_one(
        "crm/standard/consents/a.csv", "email,said,Unsubscribe Group\na@x.example,opt_out,News\n"
    )
    assert (landed.error, landed.rows_landed) == (None, 1)
    assert any('"Unsubscribe Group"' in each for each in landed.notices)


@pytest.mark.parametrize(
    ("provider", "header", "row", "source", "said"),
    [
        (
            "postmark",
            "EmailAddress,SuppressionReason,Origin,CreatedAt",
            "a@x.example,HardBounce,Recipient,2024-05-01T10:00:00Z",
            {},
            "HardBounce",
        ),
        (
            "sendgrid",
            "status,reason,email,created",
            "5.1.1,550 no such user,a@x.example,1714557600",
            {"constants": {"said": "bounced"}, "dates": ["epoch_seconds"]}
            | {"columns": {"said_at": "created"}},
            "bounced",
        ),
        (
            "mailgun",
            "address,code,error,created_at",
            "a@x.example,550,no such user,2024-05-01T10:00:00Z",
            {"constants": {"said": "complaint"}, "columns": {"email": "address"}},
            "complaint",
        ),
        (
            "ses",
            "EmailAddress,Reason,LastUpdateTime",
            "a@x.example,COMPLAINT,2024-05-01T10:00:00Z",
            {"columns": {"said": "Reason", "said_at": "LastUpdateTime"}},
            "COMPLAINT",
        ),
        (
            "iterable",
            "email,unsubscribedAt,status",
            "a@x.example,2024-05-01T10:00:00Z,Unsubscribed",
            {"columns": {"said": "status"}},
            "Unsubscribed",
        ),
        (
            "mailchimp_cleaned",
            "Email Address,Status",
            "a@x.example,Cleaned",
            {"columns": {"said": "Status"}},
            "Cleaned",
        ),
    ],
)
def test_a_provider_s_list_of_suppressions_lands(make_landing, provider, header, row, source, said):
    landing = make_landing(**{provider: {"as": "crm/standard/consents"} | source})
    landed = landing.land_one(f"{provider}/a.csv", f"{header}\n{row}\n")
    assert (landed.error, landed.rows_landed) == (None, 1)
    assert landing.rows("select email, said from raw.standard__consents") == [("a@x.example", said)]


@pytest.mark.parametrize(
    ("header", "unread"),
    [
        ("contact_id,email,Abo_Widerruf", '"Abo_Widerruf"'),
        ("contact_id,email,marketing_consent,Newsletter", '"Newsletter"'),
        ("contact_id,Kontaktweg,country", '"Kontaktweg"'),
    ],
)
def test_files_in_our_own_columns_get_a_warning(landing, header, unread):
    row = "1," + ",".join(["a@x.example", "true", "no"][: header.count(",")])
    landed = landing.land_one("crm/standard/contacts/a.csv", f"{header}\n{row}\n")
    assert (landed.error, landed.rows_landed) == (None, 1)
    assert any("WARNING" in each and unread in each for each in landed.notices)
