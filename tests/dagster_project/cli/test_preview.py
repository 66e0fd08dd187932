from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.home import Finished, Home, finish

if TYPE_CHECKING:
    from pathlib import Path


def preview(home: Home, *arguments: str) -> Finished:
    return finish(home.start("preview", *arguments))


def test_an_email_is_shown_as_the_contact_would_get_it(settled: Home, tmp_path: Path):
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
    # The link to unsubscribe is the contact's own and never the same twice the same second.
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "Hello Person 41" in as_json["html"]
    assert settled.tries() == before


def test_an_unknown_contact_or_template_is_named(settled: Home):
    nobody = preview(settled, "activation/welcome", "--contact", "nobody")
    nothing = preview(settled, "activation/welcom", "--contact", "p041")

    assert (nobody.code, nothing.code) == (1, 3)
    assert "no contact 'nobody'" in nobody.err
    assert "unknown template 'activation/welcom'" in nothing.err


def test_before_the_first_tick_it_says_what_to_do(home: Home):
    done = preview(home, "activation/welcome", "--contact", "p041")

    assert done.code == 1
    assert "run `sendhouse tick` first" in done.err
