from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.home import Finished, Home, finish

if TYPE_CHECKING:
    from pathlib import Path


def preview(home: Home, *arguments: str) -> Finished:
    return finish(home.start("preview", *arguments))


def test_the_preview_shows_the_email_for_one_contact_and_sends_nothing(
    settled: Home, tmp_path: Path
):
    before = settled.tries()
    page = tmp_path / "page.html"

    shown = preview(settled, "activation/welcome", "--contact", "p041", "--html", str(page))
    as_json = preview(
        settled, "activation/welcome", "--contact", "Person.041@example.org", "--json"
    ).report

    assert shown.code == 0, shown.err
    assert "To: person.041@example.org" in shown.out
    assert f"Subject: {as_json['subject']}" in shown.out
    assert "Person 41" in as_json["subject"]
    assert "Hello Person 41" in shown.out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "Hello Person 41" in as_json["html"]
    assert settled.tries() == before


def test_an_unknown_contact_or_template_is_reported(settled: Home):
    no_contact = preview(settled, "activation/welcome", "--contact", "p999")
    no_template = preview(settled, "activation/welcom", "--contact", "p041")

    assert (no_contact.code, no_template.code) == (1, 3)
    assert "no contact with contact_id or e-mail address 'p999'" in no_contact.err
    assert "unknown template 'activation/welcom'" in no_template.err


def test_a_preview_before_the_first_tick_names_the_remedy(home: Home):
    done = preview(home, "activation/welcome", "--contact", "p041")

    assert done.code == 1
    assert "run `sendhouse tick` first" in done.err
