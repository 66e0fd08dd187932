"""Columns of vendors' exports in other spellings and languages."""

from __future__ import annotations

import pytest

from dagster_project.home.settings import PROJECT_DIR
from dagster_project.landing.shapes.column_names import (
    looks_like_consent,
    names_of_meanings,
    recognized,
    squash,
)
from dagster_project.landing.shapes.declared import read_declared

TABLES = read_declared(PROJECT_DIR)


@pytest.mark.parametrize(
    ("table", "theirs", "ours"),
    [
        ("hubspot__contact", "Record ID - Contact", "Record ID"),
        ("hubspot__contact", "Datensatz-ID", "Record ID"),
        ("hubspot__contact", "Datensatz-ID - Kontakt", "Record ID"),
        ("hubspot__contact", "E-Mail", "Email"),
        ("hubspot__contact", "Adresse e-mail", "Email"),
        ("hubspot__contact", "Correo", "Email"),
        ("hubspot__contact", "email - contact", "Email"),
        ("hubspot__contact", "hs_object_id", "id"),
        ("hubspot__contact", "Prénom <CONTACT firstname>", "First Name"),
        ("marketo__lead", "Black Listed", "black_listed"),
        ("marketo__lead", "marketingSuspended", "marketing_suspended"),
        ("hubspot__contact", "hs_email_optout", "property_hs_email_optout"),
        ("hubspot__contact", "properties_hs_email_optout", "property_hs_email_optout"),
        ("hubspot__contact", "Von allen E-Mails abgemeldet", "property_hs_email_optout"),
        ("hubspot__contact", "Unsubscribed From All Emails", "property_hs_email_optout"),
        ("hubspot__company", "Record ID - Company", "Record ID"),
        ("hubspot__deal", "Record ID - Deal", "Record ID"),
        ("mailchimp__member", "Emailadresse", "email_address"),
        ("mailchimp__member", "Email", "email_address"),
        ("mailchimp__member", "E-mail adres", "email_address"),
        ("mailchimp__member", "Vorname", "First Name"),
        ("mailchimp__member", "Prénom", "First Name"),
        ("mailchimp__member", "PRENOM", "First Name"),
        ("mailchimp__member", "Date de naissance", "Birthday"),
        ("mailchimp__member", "Unsub Time", "UNSUB_TIME"),
        ("klaviyo__person", "$email", "email"),
        ("klaviyo__person", "E-Mail-Adresse", "email"),
        ("klaviyo__person", "Accepts Marketing", "custom_accepts_marketing"),
        ("salesforce__contact", "Contact: Email", "email"),
        ("salesforce__contact", "Contact: Contact ID", "Contact ID"),
        ("salesforce__contact", "Email Opt-Out", "Email Opt Out"),
        ("salesforce__contact", "Correo electrónico", "email"),
        ("salesforce__lead", "Lead: E-mail", "email"),
        ("salesforce__lead", "Do_Not_Email__c", "has_opted_out_of_email"),
        ("salesforce__contact", "pi__pardot_opted_out__c", "has_opted_out_of_email"),
        ("marketo__lead", "emailAddress", "Email Address"),
        ("pipedrive__person", "Person - E-mail", "Person - Email - Work"),
        ("pipedrive__person", "Person - Vorname", "first_name"),
        ("standard__contacts", "E-Mail", "email"),
        ("standard__consents", "SuppressionReason", "said"),
    ],
)
def test_a_column_is_read_in_another_spelling(table: str, theirs: str, ours: str):
    assert recognized(TABLES[table], [theirs], []) == {ours: theirs}


@pytest.mark.parametrize(
    ("table", "names", "found"),
    [
        ("mailchimp__member", ["Email Address", "Work Email"], {"other_emails": "Work Email"}),
        ("mailchimp__member", ["Email Address", "E-Mail"], {"other_emails": "E-Mail"}),
        (
            "hubspot__contact",
            ["E-Mail", "Abgemeldet", "Newsletter abgemeldet"],
            {
                "Email": "E-Mail",
                "property_hs_email_optout": "Abgemeldet",
                "Unsubscribed from all email": "Newsletter abgemeldet",
            },
        ),
        (
            "salesforce__contact",
            ["Email", "Email Opt Out", "pi__pardot_opted_out__c"],
            {"has_opted_out_of_email": "pi__pardot_opted_out__c"},
        ),
    ],
)
def test_one_column_is_the_main_address_and_each_is_read(table, names, found):
    assert recognized(TABLES[table], names, names) == found


@pytest.mark.parametrize("name", ["Nom du chien", "Owner Email", "Emails Sent", "ID", "Phone (2)"])
def test_an_unknown_name_is_not_guessed(name: str):
    assert recognized(TABLES["mailchimp__member"], [name], []) in ({}, {"id": "ID"})


def test_the_exact_name_wins_over_another_spelling():
    names = ["First Name", "Vorname"]
    assert recognized(TABLES["mailchimp__member"], names, names) == {}


def test_each_name_has_one_meaning_in_each_table():
    meanings = names_of_meanings()
    for table in TABLES.values():
        owners: dict[str, str] = {}
        for meaning in {column.means for column in table.columns.values()} - {None}:
            for name in meanings.get(str(meaning), ()):
                assert owners.setdefault(squash(name), str(meaning)) == meaning, (table.name, name)


@pytest.mark.parametrize(
    "name",
    [
        "Opted out of email: Newsletter",
        "E-Mail-Opt-out",
        "hs_email_optout",
        "Do Not Email",
        "UNSUB_TIME",
        "Abgemeldet am",
        "Widerruf",
        "Désabonné(e)",
        "Se ha dado de baja",
        "Consentimiento",
        "Disiscritto",
        "Uitgeschreven",
        "Toestemming e-mail",
        "Inscrição cancelada",
        "GDPR",
        "Hard Bounce",
        "Suppressed",
        "Email Blacklisted",
        "Newsletter",
        "Do not contact by phone or e-mail",
        "Отписался",
        "メール送信除外",
        "すべてのEメールの配信登録を解除",
        "모든 이메일 수신 거부",
        "No participación por correo electrónico",
        "No desea recibir correos",
        "Rechazo de correo electrónico",
        "Refus des e-mails",
        "Ne pas contacter",
        "Cancelou a assinatura de todos os e-mails",
        "Não receber e-mails",
        "Iscrizione annullata a tutte le e-mail",
        "Rifiuto e-mail",
        "Geen e-mail",
        "Anulowano subskrypcję wszystkich wiadomości",
        "Tüm e-postalardan ç\u0131kt\u0131",
        "Dont_Email__c",
        "No Marketing",
        "Exclude from mailing",
        "Can Receive Email Marketing",
        "Kontaktsperre",
        "Nicht anschreiben",
    ],
)
def test_a_name_looks_like_consent(name: str):
    assert looks_like_consent(name)


@pytest.mark.parametrize(
    "name",
    [
        "SMS Consent",
        "Do Not Call",
        "Fax Opt Out",
        "OPTIN_IP",
        "UNSUB_CAMPAIGN_ID",
        "Unsubscribe URL",
        "Bounce Rate",
        "Marketing contact status",
        "Subscription Plan",
        "Subscriber Key",
        "User Permissions",
        "Option",
        "Baja California",
        "Trabajador",
        "Email Address",
        "Last Activity Date",
        "Received Emails",
        "Password reset e-mail",
        "Cancellation date",
        "Marketing source",
        "Status",
    ],
)
def test_a_name_is_about_something_else(name: str):
    assert not looks_like_consent(name)
