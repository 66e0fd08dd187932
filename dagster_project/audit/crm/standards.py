"""Checks of values against standard lists."""

from __future__ import annotations

import re
from functools import cache
from zoneinfo import available_timezones

import pycountry

_zones = cache(available_timezones)


def is_time_zone(text: str) -> bool:
    """Whether the text is an IANA time zone (example: `Europe/Berlin`)."""
    return text in _zones()


def is_country(text: str) -> bool:
    """Whether the text is an ISO 3166-1 code or English country name, in any case."""
    try:
        pycountry.countries.lookup(text)
    except LookupError:
        return False
    return True


def is_language(text: str) -> bool:
    """Whether the text begins with an ISO 639 code (examples: `de`, `de-AT`, `pt_BR`)."""
    code = re.split("[-_]", text)[0].lower()
    if len(code) == 2:
        return pycountry.languages.get(alpha_2=code) is not None
    return len(code) == 3 and pycountry.languages.get(alpha_3=code) is not None


LISTED = {"timezone": is_time_zone, "country": is_country, "language": is_language}
"""The check of each content type with a standard list."""
