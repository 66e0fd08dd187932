"""Northwind's CRM and its exports, with typical errors of CRM exports.

Each contacts export is a full snapshot: all contacts of the CRM at that time.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from demo.files import write_csv
from demo.stories import Event, plan_for
from demo.timeline import BEGIN, FIRST_DAY, LAST_DAY, days, midnight

if TYPE_CHECKING:
    from pathlib import Path

    from demo.people import Account, Person

FIRST_EXPORT = BEGIN - timedelta(hours=20)
# Every Monday before office hours, from the second week on.
EXPORTS = [
    midnight(day) + timedelta(hours=4)
    for day in days(FIRST_DAY + timedelta(days=1), LAST_DAY)
    if day.weekday() == 0
]

_CONTACT_HEADER = (
    "Record ID", "First Name", "Last Name", "E-mail", "Job Title", "Phone Number",
    "Country/Region", "Time Zone", "Preferred Language", "Lifecycle Stage", "Contact Owner",
    "Owner E-mail", "Company ID", "Marketing consent", "Consent Date", "Create Date",
    "Last Modified Date",
)  # fmt: skip
_COMPANY_HEADER = (
    "Company ID", "Company name", "Domain", "Industry", "Number of Employees", "Country/Region",
    "Annual Revenue", "Create Date",
)  # fmt: skip
_DEAL_HEADER = (
    "Deal ID", "Deal Name", "Deal Stage", "Amount", "Currency", "Contact ID", "Company ID",
    "Create Date", "Close Date",
)  # fmt: skip
_OPEN_STAGES = ("appointment scheduled", "qualified to buy", "proposal sent", "contract sent")

Stories = Mapping[str, Sequence[Event]]


def known_since(person: Person) -> datetime:
    """The time from which the CRM has an id for a person: at once, or at the next export."""
    if person.created_at < BEGIN:
        return person.created_at
    return next((at for at in EXPORTS if at >= person.created_at), datetime.max.replace(tzinfo=UTC))


def write_contacts(
    path: Path, seed: int, people: Iterable[Person], stories: Stories, exported_at: datetime
) -> None:
    """Write the contacts as the CRM holds them at `exported_at`.

    Errors in the rows: addresses with capitals or spaces, empty or invalid addresses, duplicate
    rows, invalid dates, and an unquoted comma in a name, which gives the row too many fields.
    """
    rows = [
        _contact_row(seed, person, stories[person.contact_id], exported_at)
        for person in people
        if person.created_at <= exported_at
    ]
    rng = random.Random(f"{seed}/contacts dirt")
    comma, another_comma, no_date, no_day, *doubled = rng.sample(range(len(rows)), 16)
    rows[comma] = _with_unquoted_comma(rows[comma])
    rows[another_comma] = _with_unquoted_comma(rows[another_comma])
    create_date = _CONTACT_HEADER.index("Create Date")
    rows[no_date][create_date] = "yesterday"
    rows[no_day][create_date] = "31/02/2026"
    rows += [rows[index] for index in doubled]
    write_csv(path, _CONTACT_HEADER, rows)


def write_companies(path: Path, accounts: Sequence[Account]) -> None:
    """Write all companies; in two rows the number of employees is not a number."""
    rows = [
        [
            account.company_id,
            account.name,
            account.domain,
            account.industry,
            str(account.employees),
            account.country.code,
            str(account.annual_revenue),
            _printed(account.created_at),
        ]
        for account in accounts
    ]
    employees = _COMPANY_HEADER.index("Number of Employees")
    rows[17][employees], rows[203][employees] = "51-200", "unknown"
    write_csv(path, _COMPANY_HEADER, rows)


def write_deals(path: Path, seed: int, people: Iterable[Person], stories: Stories) -> None:
    """Write the deals at the start: won for buyers, otherwise open or lost."""
    rows: list[list[str]] = []
    for person in people:
        if deal := _deal(seed, person, stories[person.contact_id]):
            rows.append([str(900_000 + len(rows)), *deal])
    write_csv(path, _DEAL_HEADER, rows)


def _contact_row(
    seed: int, person: Person, story: Sequence[Event], exported_at: datetime
) -> list[str]:
    rng = random.Random(f"{seed}/crm/{person.contact_id}")
    stage, stage_since = _lifecycle(person, story, exported_at)
    promoted = person.promoted_at is not None and person.promoted_at <= exported_at
    changed = [person.created_at, stage_since]
    if promoted and person.promoted_at:
        changed.append(person.promoted_at)
    consent, consent_at = _consent(rng, person)
    return [
        person.contact_id,
        person.first_name,
        person.last_name,
        _as_typed(rng, person.email),
        person.promoted_to if promoted else person.job_title,
        person.phone,
        person.country.code,
        person.timezone if rng.random() < 0.85 else "",
        person.country.language,
        stage,
        person.owner.name,
        person.owner.email,
        person.account.company_id if person.account else "",
        consent,
        consent_at,
        _printed(person.created_at),
        _printed(max(changed)),
    ]


def _lifecycle(
    person: Person, story: Sequence[Event], exported_at: datetime
) -> tuple[str, datetime]:
    """Find the sales stage at a time, and the start of the stage."""
    stages = {
        "signed_up": "trial",
        "demo_booked": "opportunity",
        "purchase_completed": "customer",
        "subscription_cancelled": "former customer",
    }
    stage, since = "lead", person.created_at
    for event in story:
        reached = stages.get(event.name)
        if event.occurred_at > exported_at:
            break
        if reached is None or reached == stage:
            continue
        if reached == "opportunity" and stage != "lead":
            continue
        stage, since = reached, event.occurred_at
    return stage, since


def _consent(rng: random.Random, person: Person) -> tuple[str, str]:
    """The consent and its date; a contact without a consent question has no date."""
    match person.consent:
        case "granted":
            return "true", _printed(person.created_at)
        case "withdrawn":
            withdrawn_at = person.created_at + timedelta(hours=rng.uniform(1, 48))
            return "false", _printed(withdrawn_at)
        case _:
            return rng.choice(("false", "")), ""


def _as_typed(rng: random.Random, email: str) -> str:
    if not email:
        return email
    return rng.choices(
        (email, email.title(), f" {email}", f"{email} ", email.upper()), (88, 5, 3, 3, 1)
    )[0]


def _deal(seed: int, person: Person, story: Sequence[Event]) -> list[str] | None:
    rng = random.Random(f"{seed}/deal/{person.contact_id}")
    before = [event for event in story if event.occurred_at < FIRST_EXPORT]
    bought = next((event for event in before if event.name == "purchase_completed"), None)
    booked = next((event for event in before if event.name == "demo_booked"), None)
    if bought is not None:
        stage, created_at, closed_at = "closed won", bought.occurred_at, bought.occurred_at
        created_at -= timedelta(days=rng.uniform(1, 10))
    elif booked is None:
        return None
    elif rng.random() < 0.3:
        stage, created_at = "closed lost", booked.occurred_at
        closed_at = min(created_at + timedelta(days=rng.uniform(3, 40)), FIRST_EXPORT)
    else:
        stage, created_at, closed_at = rng.choice(_OPEN_STAGES), booked.occurred_at, None
    plan, amount = plan_for(person.account.employees if person.account else 1)
    return [
        f"{person.account.name if person.account else person.last_name}: {plan}",
        stage,
        str(amount * 12),
        person.country.currency,
        person.contact_id,
        person.account.company_id if person.account else "",
        _printed(created_at),
        _printed(closed_at) if closed_at else "",
    ]


def _with_unquoted_comma(row: list[str]) -> list[str]:
    """Break the row like an export without quotes around "Müller, Dr."."""
    return [*row[:3], "Dr.", *row[3:]]


def _printed(instant: datetime) -> str:
    """Print a time in this CRM's format: UTC, to the minute, without an offset."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
