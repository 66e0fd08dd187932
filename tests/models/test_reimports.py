"""No import undoes an opt-out, complaint or bounce. A newer subscription undoes only an opt-out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dagster_project.project import dbt
from dagster_project.tick import stages
from dagster_project.tick.stages import Stage
from tests.support.home import Home
from tests.support.project_copy import ProjectCopy

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
PEOPLE = {
    "left": "Ada@Bücher.example",
    "bounced": "bob@x.example",
    "angry": "cleo@x.example",
    "willing": "dora@x.example",
}
REFUSALS = ("refusals", "refusal_waves", "refused_addresses", "suppressions")
NEWLY_DATED = {"consent_at": (START + 30 * DAY).isoformat()}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An installation with two CRMs: `standard`, and `shop` with a prefix on its record ids."""
    project = ProjectCopy(tmp_path / "project", is_lean=True)
    staging = project.folder / "models/staging"
    (staging / "shop").mkdir()
    for path in (staging / "standard").iterdir():
        text = path.read_text(encoding="utf-8").replace("standard", "shop")
        text = text.replace("contact_id as crm_id", "'shop:' || contact_id as crm_id")
        name = path.name.replace("standard", "shop")
        (staging / "shop" / name).write_text(text, encoding="utf-8")
    return Home(tmp_path / "home", SENDHOUSE_PROJECT_DIR=str(project.folder))


def test_a_reimported_export_resubscribes_no_contact(home: Home):
    _import(home, "first", PEOPLE)
    assert _mailable(home, START) == set(PEOPLE)
    home.land(
        "tracking/said.jsonl",
        [
            _tracking("unsubscribed", PEOPLE["left"]),
            _tracking("bounced", PEOPLE["bounced"], bounce_type="hard"),
            _tracking("complained", PEOPLE["angry"]),
        ],
    )
    assert _mailable(home, START + DAY) == {"willing"}

    _import(home, "again", PEOPLE, job_title="exported again")
    assert _mailable(home, START + 2 * DAY) == {"willing"}
    _import(home, "newly dated", PEOPLE, **NEWLY_DATED)
    assert _mailable(home, START + 3 * DAY) == {"willing"}
    _import(home, "other ids", {f"other-{name}": PEOPLE[name] for name in PEOPLE}, **NEWLY_DATED)
    assert _mailable(home, START + 4 * DAY) == {"willing"}
    _import(home, "other CRM", PEOPLE, source="shop", **NEWLY_DATED)
    assert _mailable(home, START + 5 * DAY) == {"willing"}
    for place, spelled in enumerate(
        (
            {f"case-{name}": email.swapcase() for name, email in PEOPLE.items()},
            {"ascii-left": "ada@xn--bcher-kva.example"},
            {"apart-left": PEOPLE["left"].replace("ü", "u\u0308")},
        )
    ):
        _import(home, f"spelled {place}", spelled, **NEWLY_DATED)
    assert _mailable(home, START + 6 * DAY) == {"willing"}
    # All imports describe the same four contacts.
    assert home.rows("select count(*) from contacts.contacts") == [(4,)]

    # A subscription older than the opt-out has no effect, even if it arrives later.
    _subscribe(home, "old", START - DAY)
    assert _mailable(home, START + 7 * DAY) == {"willing"}
    _subscribe(home, "new", START + 7 * DAY)
    assert _mailable(home, START + 8 * DAY) == {"willing", "left"}


def test_consent_lists_of_a_crm_stop_mail_like_tracking_events_do(home: Home):
    _import(home, "first", PEOPLE)
    home.land(
        "crm/standard/consents/lists.jsonl",
        [
            {"email": PEOPLE["left"].upper(), "said": "opt_out", "said_at": START.isoformat()},
            {"contact_id": "bounced", "said": "bounced"},
            {"email": PEOPLE["angry"], "said": "complained", "said_at": START.isoformat()},
            {"contact_id": "willing", "said": "import_in", "said_at": START.isoformat()},
        ],
    )
    assert _mailable(home, START + DAY) == {"willing"}

    _import(home, "newly dated", PEOPLE, **NEWLY_DATED)
    assert _mailable(home, START + 2 * DAY) == {"willing"}
    _subscribe(home, "new", START + 2 * DAY)
    assert _mailable(home, START + 3 * DAY) == {"willing", "left"}


def test_an_import_can_add_a_consent_with_its_source_and_time(home: Home):
    _import(home, "no consent", PEOPLE, marketing_consent=None)
    assert _mailable(home, START) == set()

    asked_at = START - 10 * DAY
    _import(home, "asked", {"willing": PEOPLE["willing"]}, consent_at=asked_at.isoformat())
    assert _mailable(home, START + DAY) == {"willing"}
    [consent] = home.rows("select said, epoch_us(said_at), source, evidence from contacts.consents")
    assert consent == ("import_in", asked_at.timestamp() * 1e6, "standard", "crm willing")


def _mailable(home: Home, as_of: datetime) -> set[str]:
    """The contacts that consent and suppressions allow mail to, after a tick at `as_of`."""
    with home.settings() as settings:
        dbt.prepare(settings)
        is_built = settings.warehouse_path.exists()
        stages.tick(
            settings,
            as_of,
            until=Stage.DECIDE,
            # Suppressions also depend on the sequences, which nothing here changes after a build.
            select=["+contact_consent", *REFUSALS] if is_built else ["+suppressions"],
            with_tests=False,
        )
    rows = home.rows(
        """select contact_id from contacts.contacts inner join contacts.contact_consent
        using (contact_id) where consent = 'opted_in' and email is not null
        and sha256(email) not in (select email_hash from delivery.suppressions)"""
    )
    return {contact_id for (contact_id,) in rows}


def _import(
    home: Home, name: str, people: dict[str, str], source: str = "standard", **columns: Any
) -> None:
    rows = [
        {"contact_id": contact_id, "email": email, "marketing_consent": "true", **columns}
        for contact_id, email in people.items()
    ]
    home.land(f"crm/{source}/contacts/{name}.jsonl", rows)


def _subscribe(home: Home, name: str, at: datetime) -> None:
    events = [
        {
            "event_id": f"{name}-{email}",
            "contact_key": email,
            "name": "subscribed",
            "occurred_at": at.isoformat(),
        }
        for email in PEOPLE.values()
    ]
    home.land(f"events/{name}.jsonl", events)


def _tracking(kind: str, email: str, **detail: Any) -> dict[str, Any]:
    return {
        "event_id": kind,
        "email": email,
        "type": kind,
        "occurred_at": START.isoformat(),
        "provider": "test",
        "detail": detail,
    }
