"""Northwind's contacts: companies, their people, and the sales people that own both.

Addresses and web sites end in `.example` (RFC 2606) and telephone numbers are 555-01xx, so no real
person owns them.
"""

from __future__ import annotations

import random
import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from faker import Faker

from demo.timeline import (
    BEGIN,
    FIRST_DAY,
    HISTORY_BEGIN,
    HISTORY_FIRST_DAY,
    LAST_DAY,
    between,
    days,
    midnight,
    office_time,
    rhythm,
)

ACCOUNTS = 300
CONTACTS_AT_START = 2500
# Contacts without an event for over 90 days at the start of the 30 days …
SILENT_AT_START = 110
# … and contacts that reach 90 days without an event during the 30 days.
FALLING_SILENT = 60
SILENCE = timedelta(days=90)

_JOB_TITLES = (
    "Head of Operations", "Operations Manager", "COO", "Supply Chain Analyst", "Plant Manager",
    "Logistics Lead", "Data Analyst", "BI Engineer", "Finance Manager", "Director of Fulfilment",
    "Process Engineer", "Warehouse Supervisor", "VP Operations", "Planning Specialist", "",
)  # fmt: skip
_PROMOTIONS = ("Director of Operations", "Head of Analytics", "VP Operations", "COO")
_INDUSTRIES = (
    "Manufacturing", "Logistics", "Retail", "Wholesale", "Food & Beverage", "Energy",
    "Healthcare", "Construction", "Software", "Travel",
)  # fmt: skip


@dataclass(frozen=True)
class Country:
    """A market: the time zones, names, phone prefix and currency of its contacts."""

    code: str
    locale: str
    language: str
    timezones: tuple[str, ...]
    dialling_code: str
    currency: str
    share: int


_COUNTRIES = (
    Country("DE", "de_DE", "de", ("Europe/Berlin",), "49", "EUR", 24),
    Country("US", "en_US", "en", ("America/New_York", "America/Chicago", "America/Los_Angeles"),
            "1", "USD", 22),
    Country("GB", "en_GB", "en", ("Europe/London",), "44", "GBP", 14),
    Country("FR", "fr_FR", "fr", ("Europe/Paris",), "33", "EUR", 11),
    Country("ES", "es_ES", "es", ("Europe/Madrid",), "34", "EUR", 8),
    Country("PL", "pl_PL", "pl", ("Europe/Warsaw",), "48", "EUR", 7),
    Country("SE", "sv_SE", "sv", ("Europe/Stockholm",), "46", "EUR", 5),
    Country("BR", "pt_BR", "pt", ("America/Sao_Paulo",), "55", "USD", 5),
    Country("JP", "ja_JP", "ja", ("Asia/Tokyo",), "81", "USD", 4),
)  # fmt: skip


@dataclass(frozen=True)
class Owner:
    """A sales person at Northwind."""

    name: str
    email: str


@dataclass(frozen=True)
class Account:
    """A customer or prospect of Northwind."""

    company_id: str
    name: str
    domain: str
    industry: str
    employees: int
    annual_revenue: int
    country: Country
    timezone: str
    owner: Owner
    created_at: datetime


@dataclass(frozen=True)
class Person:
    """A contact, and the few facts that determine all of its events.

    Attributes:
        email: the address; a few contacts have an empty or invalid address, as in real CRMs.
        consent: "granted", "never" or "withdrawn".
        created_at: the start of the CRM record.
        signs_up_at: the start of a trial; None for visitors of the web site.
        last_seen: the last event of a contact that falls silent; otherwise None.
        promoted_at: the time of a job change; None for most contacts.

    """

    contact_id: str
    email: str
    first_name: str
    last_name: str
    job_title: str
    phone: str
    country: Country
    timezone: str
    account: Account | None
    owner: Owner
    consent: str
    created_at: datetime
    signs_up_at: datetime | None = None
    last_seen: datetime | None = None
    promoted_at: datetime | None = None
    promoted_to: str = ""

    @property
    def can_be_mailed(self) -> bool:
        """Whether the address looks valid."""
        return re.fullmatch(r"[^@\s]+@[^@\s]+\.example", self.email) is not None


@dataclass(frozen=True)
class Population:
    """All companies and people, in the order of their CRM records."""

    owners: list[Owner]
    accounts: list[Account]
    people: list[Person]


def make_population(seed: int) -> Population:
    """Make all companies and people, including the sign-ups during the 30 days."""
    rng = random.Random(f"{seed}/population")
    names = _Names(seed)
    owners = [names.owner() for _ in range(12)]
    accounts = _make_accounts(rng, names, owners)
    arrivals = _arrivals_before(rng) + _arrivals_during(rng)
    people = [
        _make_person(rng, names, accounts, owners, 100_000 + number, created_at, signs_up_at)
        for number, (created_at, signs_up_at) in enumerate(sorted(arrivals, key=lambda a: a[0]))
    ]
    _make_contacts_sign_up(rng, people)
    _share_mailboxes(rng, people)
    _silence(rng, people)
    return Population(owners, accounts, people)


# ── arrivals ─────────────────────────────────────────────────────────────────────────────────────


def _sign_ups_on(rng: random.Random, day: date) -> int:
    """The sign-ups of a day: the company grows, and a campaign starts on the first day."""
    if day < FIRST_DAY:
        busy = 3 + 9 * (day - HISTORY_FIRST_DAY) / (FIRST_DAY - HISTORY_FIRST_DAY)
    else:
        busy = 25
    return max(1, round(busy * rhythm(day) + rng.uniform(-2, 2)))


def _arrivals_before(rng: random.Random) -> list[tuple[datetime, datetime | None]]:
    """(created_at, signs_up_at) of all contacts in the CRM at the start."""
    arrivals: list[tuple[datetime, datetime | None]] = []
    for day in days(HISTORY_FIRST_DAY, FIRST_DAY - timedelta(days=1)):
        for _ in range(_sign_ups_on(rng, day)):
            signs_up_at = office_time(rng, day, "Europe/Berlin")
            looked_first = timedelta(hours=rng.uniform(24, 480)) if rng.random() < 0.3 else None
            created_at = signs_up_at - looked_first if looked_first else signs_up_at
            arrivals.append((max(created_at.replace(microsecond=0), HISTORY_BEGIN), signs_up_at))
    last = BEGIN - timedelta(hours=6)
    missing = CONTACTS_AT_START - len(arrivals)
    return arrivals + [(between(rng, HISTORY_BEGIN, last), None) for _ in range(missing)]


def _arrivals_during(rng: random.Random) -> list[tuple[datetime, datetime | None]]:
    """(created_at, signs_up_at) of sign-ups during the 30 days that were not in the CRM."""
    return [
        (at, at)
        for day in days(FIRST_DAY, LAST_DAY)
        for _ in range(round(_sign_ups_on(rng, day) * 0.7))
        for at in [office_time(rng, day, "Europe/Berlin")]
    ]


def _make_contacts_sign_up(rng: random.Random, people: list[Person]) -> None:
    """Let some visitors of the web site start a trial during the 30 days."""
    waiting = [
        index
        for index, person in enumerate(people)
        if person.signs_up_at is None and person.can_be_mailed
    ]
    rng.shuffle(waiting)
    for day in days(FIRST_DAY, LAST_DAY):
        for _ in range(round(_sign_ups_on(rng, day) * 0.3)):
            index = waiting.pop()
            at = office_time(rng, day, people[index].timezone)
            people[index] = replace(people[index], signs_up_at=at)


def _share_mailboxes(rng: random.Random, people: list[Person]) -> None:
    """Give two colleagues the same address, as in small companies, a few times."""
    lookers = [
        index
        for index, person in enumerate(people)
        if person.signs_up_at is None and person.account and person.can_be_mailed
    ]
    for index in rng.sample(lookers, 60)[:6]:
        person = people[index]
        colleague = next(
            (
                other
                for other in lookers
                if other != index and people[other].account == person.account
            ),
            None,
        )
        if colleague is not None:
            people[colleague] = replace(people[colleague], email=person.email)


def _silence(rng: random.Random, people: list[Person]) -> None:
    """Choose the users that fall silent, and the time of their last event."""
    long_ago = BEGIN - SILENCE - timedelta(days=1)
    early = [
        index
        for index, person in enumerate(people)
        if person.signs_up_at is not None and person.signs_up_at < long_ago - timedelta(days=10)
    ]
    chosen = rng.sample(early, SILENT_AT_START + FALLING_SILENT)
    for number, index in enumerate(chosen):
        person = people[index]
        if number < SILENT_AT_START:
            known = person.signs_up_at or person.created_at
            last_seen = between(rng, known + timedelta(days=5), long_ago)
        else:
            falls_on = FIRST_DAY + timedelta(days=1 + number % 28)
            last_seen = office_time(rng, falls_on - SILENCE, person.timezone)
        people[index] = replace(person, last_seen=last_seen)


# ── companies and people ─────────────────────────────────────────────────────────────────────────


def _make_accounts(rng: random.Random, names: _Names, owners: list[Owner]) -> list[Account]:
    accounts: list[Account] = []
    for number in range(ACCOUNTS):
        country = rng.choices(_COUNTRIES, [country.share for country in _COUNTRIES])[0]
        name, domain = names.company(country)
        employees = int(rng.lognormvariate(4.6, 1.3)) + 3
        accounts.append(
            Account(
                company_id=str(70_000 + number),
                name=name,
                domain=domain,
                industry=rng.choice(_INDUSTRIES),
                employees=employees,
                annual_revenue=employees * rng.randrange(60, 240) * 1000,
                country=country,
                timezone=rng.choice(country.timezones),
                owner=rng.choice(owners),
                created_at=between(rng, HISTORY_BEGIN - timedelta(days=400), HISTORY_BEGIN),
            )
        )
    return accounts


def _make_person(
    rng: random.Random,
    names: _Names,
    accounts: list[Account],
    owners: list[Owner],
    number: int,
    created_at: datetime,
    signs_up_at: datetime | None,
) -> Person:
    account = rng.choice(accounts) if rng.random() < 0.93 else None
    country = account.country if account else rng.choice(_COUNTRIES)
    first_name, last_name, email = names.person(country, account.domain if account else None)
    if signs_up_at is None:  # a sign-up proves an address; a business card does not
        email = rng.choices((email, "", _misspelt(rng, email)), (95, 3, 2))[0]
    change = between(rng, BEGIN, midnight(LAST_DAY)) if rng.random() < 0.012 else None
    return Person(
        contact_id=str(number),
        email=email,
        first_name=first_name if rng.random() < 0.96 else "",
        last_name=last_name,
        job_title=rng.choice(_JOB_TITLES),
        phone=f"+{country.dialling_code} 555 01{rng.randrange(100):02d}"
        if rng.random() < 0.6
        else "",
        country=country,
        timezone=account.timezone if account else rng.choice(country.timezones),
        account=account,
        owner=account.owner if account else rng.choice(owners),
        consent=rng.choices(("granted", "never", "withdrawn"), (93, 6, 1))[0],
        created_at=created_at,
        signs_up_at=signs_up_at,
        promoted_at=change if change and change > created_at + timedelta(days=30) else None,
        promoted_to=rng.choice(_PROMOTIONS),
    )


def _misspelt(rng: random.Random, email: str) -> str:
    """Make the invalid text that replaces an address."""
    local, domain = email.split("@")
    return rng.choice((f"{local}{domain}", f"{local}@@{domain}", f"{local} at {domain}", "n/a"))


class _Names:
    """Names, addresses and domains of each country, each address and domain once."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"{seed}/names")
        self._fakers = {country.locale: Faker(country.locale) for country in _COUNTRIES}
        for number, fake in enumerate(self._fakers.values()):
            fake.seed_instance(seed * 100 + number)
        self._taken: set[str] = set()

    def owner(self) -> Owner:
        fake = self._fakers[self._rng.choice(("en_GB", "de_DE", "en_US", "fr_FR"))]
        first, last = fake.first_name(), fake.last_name()
        address = self._once(f"{_ascii(first)}.{_ascii(last)}", "@northwind.example")
        return Owner(f"{first} {last}", address)

    def company(self, country: Country) -> tuple[str, str]:
        fake = self._fakers[country.locale]
        name = fake.company()
        if country.code == "JP":
            _, _, romanized = fake.last_name_pair()
            return name, self._once(_ascii(romanized), ".example")
        words = re.findall(r"[a-z0-9]{3,}", _ascii(name, keep="- ").replace("-", " "))
        return name, self._once("-".join(words[:2]) or "firma", ".example")

    def person(self, country: Country, domain: str | None) -> tuple[str, str, str]:
        """First name, last name, address; without a company at a mail provider."""
        fake = self._fakers[country.locale]
        if country.code == "JP":
            first, _, plain_first = fake.first_name_pair()
            last, _, plain_last = fake.last_name_pair()
        else:
            first, last = fake.first_name(), fake.last_name()
            plain_first, plain_last = first, last
        initial_or_first = plain_first[0] if self._rng.random() < 0.25 else plain_first
        # An apostrophe is legal in an address (RFC 5322 atext), and some companies keep it.
        keep = "'" if self._rng.random() < 0.5 else ""
        local = f"{_ascii(initial_or_first)}.{_ascii(plain_last, keep=keep)}"
        return first, last, self._once(local, f"@{domain or 'freemail.example'}")

    def _once(self, name: str, ending: str) -> str:
        candidate, number = f"{name}{ending}", 1
        while candidate in self._taken:
            number += 1
            candidate = f"{name}{number}{ending}"
        self._taken.add(candidate)
        return candidate


_SPELT_OUT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "đ": "d"}
)


def _ascii(name: str, keep: str = "") -> str:
    """The lower-case ASCII letters and digits of a name, in the usual spelling of addresses."""
    spelt = unicodedata.normalize("NFKD", name.lower().translate(_SPELT_OUT))
    return "".join(
        letter for letter in spelt if letter.isascii() and (letter.isalnum() or letter in keep)
    )
