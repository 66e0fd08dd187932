"""Events of people without a reaction to mail: visit, sign up, set up, use, buy, cancel.

Reactions to an e-mail are in `reactions`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from demo.timeline import BEGIN, END, between, days, office_time, rhythm, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.people import Person

_PAGES = (
    "/", "/pricing", "/product", "/product/dashboards", "/product/alerts", "/customers",
    "/blog/otif-explained", "/blog/shift-planning", "/docs/connect-your-data", "/webinars",
)  # fmt: skip
_FORMS = ("newsletter", "otif-guide", "benchmark-report", "contact")
_FEATURES = (
    "dashboard_opened", "report_shared", "alert_created", "forecast_run", "data_source_added",
    "teammate_invited",
)  # fmt: skip
# Price per billing period by company size: (up to employees, plan, amount).
_PLANS = ((50, "team", 49), (400, "business", 199), (10**9, "enterprise", 690))
_BILLING_PERIOD = timedelta(days=28)
# Contacts that must not fall silent visit between these dates: the demo ends within 90 days.
_SEEN_AFTER = datetime(2026, 1, 5, tzinfo=UTC)
_SEEN_BEFORE = datetime(2026, 2, 26, tzinfo=UTC)

Moment = tuple[datetime, str, dict[str, Any]]


@dataclass(frozen=True)
class Event:
    """A product or web-site event, and its arrival at Northwind's collector.

    Attributes:
        contact_key: the CRM's id of the contact, or the address before the CRM has an id.
        arrives_at: `occurred_at`, or hours later for phones that were offline.

    """

    event_id: str
    contact_key: str
    name: str
    occurred_at: datetime
    arrives_at: datetime
    properties: dict[str, Any] = field(hash=False)

    def row(self) -> dict[str, Any]:
        """Give the event in the landing format."""
        return {
            "event_id": self.event_id,
            "contact_key": self.contact_key,
            "name": self.name,
            "occurred_at": stamp(self.occurred_at),
            "properties": self.properties,
        }


def plan_for(employees: int) -> tuple[str, int]:
    """Name the plan that a company of this size buys, and its price per billing period."""
    return next((plan, amount) for limit, plan, amount in _PLANS if employees <= limit)


def events_of(seed: int, person: Person, in_crm_since: datetime) -> list[Event]:
    """Make all events of a person up to the end of the demo, in order.

    Args:
        seed: the company's seed.
        person: the person.
        in_crm_since: from this time, events carry the CRM's id instead of the address.

    """
    rng = random.Random(f"{seed}/story/{person.contact_id}")
    moments = [*_looking(rng, person), *_using(rng, person)]
    moments = _fall_silent(rng, person, moments)
    in_order = sorted((m for m in moments if m[0] < END), key=lambda moment: moment[0])
    return [
        Event(
            event_id=f"nw-{person.contact_id}-{number:04d}",
            contact_key=person.contact_id if at >= in_crm_since else _as_typed(rng, person.email),
            name=name,
            occurred_at=at,
            arrives_at=_arrival(rng, at),
            properties=properties,
        )
        for number, (at, name, properties) in enumerate(in_order)
    ]


def _as_typed(rng: random.Random, email: str) -> str:
    return email.title() if rng.random() < 0.04 else email


def _arrival(rng: random.Random, at: datetime) -> datetime:
    late = at >= BEGIN and rng.random() < 0.02
    return at + timedelta(hours=rng.uniform(6, 20)) if late else at


def _looking(rng: random.Random, person: Person) -> Iterator[Moment]:
    """Visits to the web site, starting with the form that created the contact."""
    at = person.created_at
    if person.signs_up_at != person.created_at:
        yield at, "page_viewed", {"page": rng.choice(_PAGES)}
        yield at + timedelta(seconds=rng.randrange(30, 400)), "form_submitted", _form(rng, person)
    while (at := at + timedelta(days=rng.expovariate(1 / 30))) < END:
        visit = office_time(rng, at.date(), person.timezone)
        if visit <= person.created_at:
            continue
        for number in range(rng.choice((1, 1, 2, 3))):
            moment = visit + timedelta(minutes=3 * number, seconds=rng.randrange(120))
            yield moment, "page_viewed", {"page": rng.choice(_PAGES)}
        if rng.random() < 0.08:
            yield visit + timedelta(minutes=14), "form_submitted", _form(rng, person)
        if rng.random() < 0.03:
            yield visit + timedelta(minutes=16), "demo_booked", {"source": "website"}


def _form(rng: random.Random, person: Person) -> dict[str, Any]:
    company = person.account.name if person.account else ""
    return {"form": rng.choice(_FORMS), "first_name": person.first_name, "company": company}


def _using(rng: random.Random, person: Person) -> Iterator[Moment]:
    """Make the events of a trial and of its outcome."""
    signed_up = person.signs_up_at
    if signed_up is None:
        return
    yield signed_up - timedelta(minutes=rng.uniform(2, 9)), "page_viewed", {"page": "/pricing"}
    yield signed_up, "signed_up", _sign_up_form(person)
    set_up = _set_up_at(rng, signed_up)
    if set_up is None:
        if rng.random() < 0.5:
            yield signed_up + timedelta(hours=rng.uniform(1, 30)), "logged_in", {}
        return
    yield set_up, "setup_completed", {"data_sources": rng.choice((1, 1, 1, 2, 3))}
    if rng.random() > 0.62:
        yield from _sessions(rng, person, set_up, keenness=0.25, fading_days=6)
        return
    activated = set_up + timedelta(hours=rng.uniform(1, 70))
    yield activated, "activated", {"dashboards": rng.randrange(1, 5)}
    if rng.random() > 0.4:
        yield from _sessions(rng, person, activated, keenness=0.5, fading_days=10)
        return
    bought = activated + timedelta(days=rng.uniform(2, 14))
    left = yield from _payments(rng, person, bought)
    keenness = rng.uniform(0.25, 0.65)
    yield from _sessions(rng, person, activated, keenness=keenness, fading_days=400, until=left)


def _sign_up_form(person: Person) -> dict[str, Any]:
    return {
        "plan": "trial",
        "email": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "company": person.account.name if person.account else "",
        "country": person.country.code,
        "timezone": person.timezone,
        "language": person.country.language,
        "marketing_consent": person.consent == "granted",
    }


def _set_up_at(rng: random.Random, signed_up: datetime) -> datetime | None:
    """Choose the time of the setup: 35 % within two days, a few later, most never."""
    fate = rng.random()
    if fate < 0.35:
        return signed_up + timedelta(hours=min(rng.expovariate(1 / 11), 47))
    if fate < 0.40:
        return signed_up + timedelta(days=rng.uniform(2.5, 12))
    return None


def _payments(rng: random.Random, person: Person, bought: datetime) -> Iterator[Moment]:
    """Pay each billing period; return the time of the cancellation, or the end of the demo."""
    plan, amount = plan_for(person.account.employees if person.account else 1)
    due = bought
    while due < END:
        properties = {"amount": amount, "currency": person.country.currency, "plan": plan}
        yield due, "purchase_completed", properties
        if rng.random() < 0.06:
            left = due + timedelta(days=rng.uniform(9, 27))
            reason = rng.choice(("too_expensive", "missing_feature", "not_used", "other"))
            yield left, "subscription_cancelled", {"plan": plan, "reason": reason}
            return left
        due += _BILLING_PERIOD
    return END


def _sessions(
    rng: random.Random,
    person: Person,
    since: datetime,
    *,
    keenness: float,
    fading_days: float,
    until: datetime = END,
) -> Iterator[Moment]:
    """Logins and use of features, on some of the days."""
    for number, day in enumerate(days(since.date() + timedelta(days=1), until.date())):
        if rng.random() >= keenness * rhythm(day) * 0.5 ** (number / fading_days):
            continue
        at = office_time(rng, day, person.timezone)
        yield at, "logged_in", {}
        for _ in range(rng.choice((0, 1, 1, 2))):
            at += timedelta(minutes=rng.uniform(1, 15))
            yield at, "feature_used", {"feature": rng.choice(_FEATURES)}


def _fall_silent(rng: random.Random, person: Person, moments: list[Moment]) -> list[Moment]:
    """End the events of a person that falls silent; give every other person a visit in time."""
    if person.last_seen is not None:
        kept = [moment for moment in moments if moment[0] < person.last_seen]
        return [*kept, (person.last_seen, "logged_in", {})]
    seen_before = [at for at, _, _ in moments if at < BEGIN]
    if seen_before and max(seen_before) < _SEEN_AFTER:
        seen = between(rng, _SEEN_AFTER, _SEEN_BEFORE)
        visit = office_time(rng, seen.date(), person.timezone)
        return [*moments, (visit, "page_viewed", {"page": rng.choice(_PAGES)})]
    return moments
