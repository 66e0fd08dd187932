"""Values that a standard lists."""

from __future__ import annotations

import re
from functools import cache
from zoneinfo import available_timezones

import pycountry

_zones = cache(available_timezones)


def is_time_zone(text: str) -> bool:
    """Whether it names an IANA zone, such as Europe/Berlin."""
    return text in _zones()


def is_country(text: str) -> bool:
    """Whether it is a country in ISO 3166-1: its code, or its name in English, in any case."""
    try:
        pycountry.countries.lookup(text)
    except LookupError:
        return False
    return True


def is_language(text: str) -> bool:
    """Whether it begins with a language code of ISO 639, as `de`, `de-AT` and `pt_BR` do."""
    code = re.split("[-_]", text)[0].lower()
    if len(code) == 2:
        return pycountry.languages.get(alpha_2=code) is not None
    return len(code) == 3 and pycountry.languages.get(alpha_3=code) is not None


LISTED = {"timezone": is_time_zone, "country": is_country, "language": is_language}
"""What a field holds → whether a value is listed."""
