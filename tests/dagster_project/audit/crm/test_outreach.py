from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from dagster_project.audit.crm.outreach import is_outreach
from tests.dagster_project.audit.conftest import MARCH

if TYPE_CHECKING:
    from tests.dagster_project.audit.conftest import Crm


@pytest.mark.parametrize(
    "name",
    [
        *("mailing_received", "email_sent", "Email Sent", "emailDelivered", "newsletter_sent"),
        *("sms.sent", "campaign_received", "catalog_mailed", "email-bounced", "sent_newsletter"),
        *("push_delivered", "Mailing", "drip_email_scheduled"),
    ],
)
def test_what_is_sent_to_a_contact_looks_like_a_mailing(name: str):
    assert is_outreach(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "email_opened",
            "email_clicked",
            "mailing_unsubscribed",
            "newsletter_signup",
            "logged_in",
        ),
        *("message_sent", "email_changed", "purchase_completed", "page_viewed", "email_verified"),
        *("invoice_sent", "report_shared"),
    ],
)
def test_what_a_contact_does_looks_like_no_mailing(name: str):
    assert not is_outreach(name)


def test_mailings_that_count_as_activity_are_listed_until_the_project_names_them(crm: Crm):
    names = ("flyer_sent", "mailing_received", "logged_in", "flyer_sent")
    events = [
        {"contact_key": f"k{n}", "name": name, "occurred_at": MARCH.isoformat()}
        for n, name in enumerate(names)
    ]
    folder = crm.settings.landing_dir / "events"
    folder.mkdir()
    lines = "".join(json.dumps(event) + "\n" for event in events)
    (folder / "events.jsonl").write_text(lines, encoding="utf-8")
    crm.land_folder(MARCH)

    # mailing_received is under outreach_events.
    assert [(row.name, row.events, row.keys) for row in crm.audit().outreach] == [
        ("flyer_sent", 2, 2)
    ]
