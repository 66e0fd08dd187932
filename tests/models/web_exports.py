"""Small exports with the header rows of the vendors' web pages, and of your own CRM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.models.vendor_exports import headers
from tests.senders.senders_support import SHARED_DATA

if TYPE_CHECKING:
    from tests.models.vendor_exports import Staged


def write(staged: Staged) -> None:
    """Write one file of each shape into the landing folder."""
    shapes = headers()
    staged.write(
        "acme",
        "people",
        ["Number", "Mail", "Vorname", "Newsletter", "Changed"],
        [
            {"Number": "7", "Mail": "Ina@Acme.example", "Vorname": "Ina", "Newsletter": "yes"},
            {"Number": "8", "Newsletter": "vielleicht", "Changed": "2026-01-01 7:00"},
            {"Mail": "nobody@acme.example"},
        ],
    )
    staged.write(
        "hubspot",
        "contact",
        shapes["hubspot_contacts"],
        [
            {
                "Record ID": "901",
                "First Name": " Ada ",
                "Last Name": "Lovelace",
                "Email": "Ada@Web.example",
                "Phone Number": "+49 40 1",
                "Create Date": "2023-01-05 9:33",
                "Associated Company": "Engines Ltd",
                "Country/Region": "Germany",
                "Contact owner": "Rep One",
            },
            {"Record ID": "902", "Email": "", "Create Date": "05/01/2023"},
            {"First Name": "No record, no address"},
        ],
    )
    staged.write(
        "hubspot",
        "deal",
        shapes["hubspot_deals"],
        [
            {
                "Record ID": "911",
                "Deal Name": "Engine",
                "Deal Stage": "Closed lost",
                "Amount": "1250.50",
                "Associated Company IDs": "921",
                "Associated Contact IDs": "902;901",
            },
            {"Record ID": "912", "Deal Stage": "Demo", "Amount": "1,250"},
        ],
    )
    audience = shapes["mailchimp_audience"]
    staged.write(
        "mailchimp",
        "member",
        [*audience, *shapes["mailchimp_unsubscribed_extra"]],
        [
            {
                "Email Address": "In@Web.example",
                "First Name": "In",
                "OPTIN_TIME": "2019-11-07 10:03:37",
                "CONFIRM_TIME": "2019-11-07 10:05:46",
                "TIMEZONE": "Europe/Berlin",
                "CC": "DE",
                "LAST_CHANGED": "2019-11-26 23:55:32",
            },
            {
                "Email Address": "out@web.example",
                "CONFIRM_TIME": "2019-11-07 10:05:46",
                "TIMEZONE": "BST",
                "LAST_CHANGED": "2020-04-17 16:32:51",
                "UNSUB_TIME": "2020-04-17 16:32:50",
                "UNSUB_CAMPAIGN_TITLE": "Spring",
                "UNSUB_REASON": "NORMAL",
            },
        ],
    )
    staged.write(
        "klaviyo",
        "person",
        shapes["klaviyo_profiles"],
        [
            {
                "Email": "Yes@Web.example",
                "Klaviyo ID": "K1",
                "First Name": "Yes",
                "Country": "France",
                "Email Marketing Consent": "SUBSCRIBED",
                "Profile Created On": "2021-04-13 14:25:27",
            },
            {
                "Email": "no@web.example",
                "Klaviyo ID": "K2",
                "Email Marketing Consent": "perhaps",
                "Profile Created On": "2026-07-01 12:00 BST",
            },
        ],
    )
    staged.write(
        "pipedrive",
        "deal",
        shapes["pipedrive_deals"],
        [
            {
                "Deal - Title": "Licence",
                "Deal - Closing Date": "2023-03-01",
                "Deal - Deal created": "2023-01-05 10:33:22",
                "Deal - Contact person": "Bea Person",
                "Person - Email - Home": "Bea@Web.example",
                "Deal - ID": "31",
                "Deal - Stage": "Contract",
                "Deal - Status": "Won",
                "Person - ID": "41",
                "Person - Marketing consent": "Yes",
            },
            {"Deal - ID": "32", "Deal - Status": "Open", "Deal - Closing Date": "2023-09-01"},
        ],
    )


FAULTS = {
    "hubspot_record_id_contact.csv": "hubspot/contact",
    "hubspot_deals.csv": "hubspot/deal",
    "hubspot_merged_deal.csv": "hubspot/merged_deal",
    "mailchimp_unsubscribed_german.csv": "mailchimp/member",
    "mailchimp_members_birthday.csv": "mailchimp/member",
    "mailchimp_twice.csv": "mailchimp/member",
    "klaviyo_list.csv": "klaviyo/person",
    "klaviyo_suppressed.csv": "klaviyo/suppressed",
    "salesforce_report.csv": "salesforce/contact",
}
"""Small files of `../shared/data/faults`, and the object that each lands as."""


def write_faults(staged: Staged) -> None:
    """Put the small files that went wrong into the landing folder."""
    for name, thing in FAULTS.items():
        place = staged.home / "landing" / "crm" / thing
        place.mkdir(parents=True, exist_ok=True)
        content = (SHARED_DATA / "faults" / name).read_bytes()
        (place / f"{name.removesuffix('.csv')}-web.csv").write_bytes(content)
