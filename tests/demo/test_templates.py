import re
from pathlib import Path

import pytest

from senders.rendering import Rendered, Templates

TEMPLATES = Templates(Path(__file__).parents[2] / "templates")
NAMES = TEMPLATES.names()
LEAVE = "https://links.northwind.example/u/token"
ADDRESS = "Northwind Software, 12 Harbour Street"
CONTACT = {
    "first_name": "Zoë <b>",
    "company_name": "Müller & Söhne",
    "job_title": "COO",
    "owner_name": "Julie O'Neil",
    "owner_email": "julie@northwind.example",
    "country": "DE",
    "language": "de",
    "lifecycle_stage": "trial",
    "events_30d": 3,
    "last_active_at": "2026-03-01T10:00:00Z",
}


def render(name: str, contact: dict) -> Rendered:
    return TEMPLATES.render(
        name,
        {
            "contact": contact,
            "send": {"sequence": "activation", "step": "welcome", "variant": "default"},
            "identity": {"from_name": "Ada at Northwind", "postal_address": ADDRESS},
            "unsubscribe_url": LEAVE,
        },
    )


def test_the_demo_has_eight_emails() -> None:
    assert NAMES == [
        "activation/setup_help",
        "activation/social_proof",
        "activation/talk_to_us",
        "activation/welcome",
        "broadcasts/spring_release",
        "reengagement/last_call",
        "reengagement/we_miss_you",
        "reengagement/whats_new",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_each_email_has_one_button_an_unsubscribe_link_and_a_postal_address(name: str) -> None:
    mail = render(name, CONTACT)
    hrefs = re.findall(r'<a\b[^>]*href="(http[^"]+)"', mail.html)
    assert hrefs[0].startswith("https://app.northwind.example/")
    assert hrefs[1:] == [LEAVE]
    assert ADDRESS in mail.html
    assert mail.preheader
    assert "Zoë &lt;b&gt;" in mail.html
    assert "<b>" not in mail.html


@pytest.mark.parametrize("name", NAMES)
def test_each_email_reads_well_without_any_contact_data(name: str) -> None:
    mail = render(name, dict.fromkeys(CONTACT, ""))
    assert "Hello there" in mail.text
    for text in (mail.subject, mail.text):
        assert not re.search(r" [,.!?]|\bat\s*[.,]|None", text)


@pytest.mark.parametrize("name", NAMES)
def test_each_email_is_far_below_the_size_that_gmail_clips(name: str) -> None:
    assert len(render(name, CONTACT).html.encode()) < 30_000
    assert len(render(name, CONTACT).subject) < 70


def test_only_talk_to_us_links_the_calendar() -> None:
    assert [n for n in NAMES if "/calendar" in render(n, CONTACT).html] == ["activation/talk_to_us"]
