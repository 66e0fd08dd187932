"""Guess a field's content from the words in its name, across vendors' naming styles."""

from __future__ import annotations

import re
from itertools import pairwise

# Words of split names: `jobTitle` and `Job Title` become `job` and `title`. Two words joined by _
# match only if they are adjacent.
_HOLDS = {
    "email": {"email", "mail"},
    "phone": {"phone", "mobile", "fax", "telephone", "cell", "phone_number"},
    "timezone": {"timezone", "time_zone", "tz"},
    "country": {"country", "nation"},
    "language": {"language", "locale", "lang"},
    "instant": {
        *{"date", "timestamp", "datetime", "systemmodstamp", "modstamp", "stamp", "birthday"},
        *{"createdate", "lastmodifieddate", "closedate", "birthdate"},
    },
    "name": {
        *{"firstname", "lastname", "fullname", "first_name", "last_name", "full_name", "username"},
        *{"middle_name", "maiden_name", "nickname", "salutation", "fname", "lname", "surname"},
        *{"given_name", "family_name", "owner_name", "rep_name", "assistant_name", "giver_name"},
        *{"recipient_name", "referrer_name"},
    },
}
_IDS = {
    *{"id", "ids", "uuid", "guid", "identifier", "kundennummer", "kundennr", "mitgliedsnummer"},
    *{
        f"{what}_{number}"
        for what in ("customer", "client", "account", "member", "contact", "record", "order")
        for number in ("number", "no", "nr", "num", "code", "ref", "reference", "key")
    },
    *{"external_ref", "external_key", "external_reference", "primary_key", "foreign_key"},
}
_ABOUT = {
    *{"is", "has", "bounced", "quality", "status", "reason", "type", "client", "rating", "score"},
    *{"accuracy", "opt", "opted", "subscribed", "count", "number_region"},
}
_PERSONAL = {
    *{"street", "address", "zip", "zipcode", "postal", "postcode", "latitude", "longitude", "ip"},
    *{"birthday", "birthdate", "ssn", "passport", "linkedin", "linked_in", "twitter", "facebook"},
    *{
        "photo",
        "avatar",
        "note",
        "notes",
        "comment",
        "comments",
        "owner",
        "iban",
        "tax",
        "personal",
    },
}
_PEOPLE = {"contact", "lead", "person", "people", "member", "user", "owner", "subscriber"}
_SEGMENT_KINDS = {
    "behavioral": {
        *{"visit", "visits", "open", "opens", "click", "clicks", "view", "views", "session"},
        *{
            "sessions",
            "activity",
            "engagement",
            "score",
            "purchase",
            "purchases",
            "login",
            "logins",
        },
        *{"signin", "sign_in", "usage", "event", "events", "conversion", "conversions", "orders"},
        *{"reply", "replies", "bounced", "rating"},
    },
    "firmographic": {
        *{"company", "industry", "employees", "employee", "revenue", "annualrevenue", "account"},
        *{"organization", "domain", "website", "sic", "naics", "numberofemployees"},
    },
    "demographic": {
        *{"title", "jobtitle", "role", "department", "seniority", "persona", "country", "city"},
        *{"state", "region", "language", "timezone", "time_zone", "age", "gender", "income"},
        *{"marital", "household", "kids", "home", "education", "birthday", "birthdate", "locale"},
        *{"lang", "level"},
    },
    "lifecycle": {
        *{"stage", "lifecycle", "lifecyclestage", "status", "consent", "opt", "opted", "optout"},
        *{"subscribed", "unsubscribed", "created", "createdate", "signup", "sign_up", "trial"},
        *{"closed", "close", "closedate", "source", "mql", "sql", "renewal", "expiration", "plan"},
        *{"updated", "modified", "lastmodifieddate", "converted", "pipeline", "deal"},
    },
}
_OBJECT_KINDS = {
    "firmographic": {"company", "account", "organization"},
    "lifecycle": {"deal", "opportunity", "order", "subscription", "consent", "ticket"},
    "behavioral": {"event", "activity", "campaign", "form", "submission", "engagement"},
}
_UPDATED = (
    "updated_at", "lastmodifieddate", "last_modified_date", "last_modified_at", "modified_at",
    "modified_date", "system_modstamp", "last_changed", "updated", "hs_lastmodifieddate",
)  # fmt: skip


def words(name: str) -> list[str]:
    """Split a name into words: `Job Title`, `jobTitle` and `JOB_TITLE` become `job`, `title`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word]


def holds(name: str) -> str | None:
    """Return the content type that the name implies, or None."""
    found = _terms(name)
    last = words(name)[-1:]
    if last == ["key"] or (found & _IDS and not found & _ABOUT):
        return "id"
    if found & _ABOUT:
        return None  # is_email_bounced and email_type hold no address
    for kind, terms in _HOLDS.items():
        if found & terms:
            return kind
    return "instant" if last == ["at"] else None


def is_personal(name: str, source_table: str) -> bool:
    """Whether the values identify a person or an exact location."""
    if holds(name) in ("email", "phone", "name", "id"):
        return True
    if words(name) == ["name"]:
        return bool(_terms(source_table, singular=True) & _PEOPLE)
    return bool(_terms(name) & _PERSONAL)


def says_nothing(name: str) -> bool:
    """Whether the name tells neither a content type nor a kind of segment."""
    found = _terms(name)
    known = set[str]().union(*_HOLDS.values(), *_SEGMENT_KINDS.values())
    return not found & known


def segment_kind(name: str, source_table: str) -> str:
    """Return the kind of segment for a field, from the field name, else from the object name."""
    found = _terms(name)
    for kind, terms in _SEGMENT_KINDS.items():  # the first match wins: company_country
        if found & terms:
            about = _terms(source_table, singular=True)
            # A company's country describes the company.
            return "firmographic" if kind == "demographic" and about & {"company"} else kind
    objects = _terms(source_table, singular=True)
    for kind, terms in _OBJECT_KINDS.items():
        if objects & terms:
            return kind
    return "lifecycle" if holds(name) == "instant" else "demographic"


def find_updated(names: list[str]) -> str | None:
    """Find the column with the CRM's own change time."""
    by_words = {"_".join(words(name)).removeprefix("property_"): name for name in names}
    return next((by_words[name] for name in _UPDATED if name in by_words), None)


def _terms(name: str, *, singular: bool = False) -> set[str]:
    parts = words(name)
    if singular:
        parts = [re.sub("ies$", "y", part).removesuffix("s") for part in parts]
    return {*parts, *(f"{one}_{two}" for one, two in pairwise(parts))}
