"""Checks of values against standard lists."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from zoneinfo import available_timezones

import pycountry
from babel import Locale

_zones = cache(available_timezones)


def is_time_zone(text: str) -> bool:
    """Whether the text is an IANA time zone (example: `Europe/Berlin`)."""
    return text in _zones()


def is_country(text: str) -> bool:
    """Whether the text is an ISO 3166-1 code, or a country's name as people write it.

    Names are those of ISO 3166-1 and of the Unicode CLDR in the languages of `_LANGUAGES`, without
    case, accents and punctuation, and a few that neither lists (`_USUAL`).
    """
    try:
        pycountry.countries.lookup(text)
    except LookupError:
        return bool(text) and _plain(text) in _country_names()
    return True


# The languages in which country names are known: those of the countries with most CRM users.
_LANGUAGES = (
    *("ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "he", "hi", "hr"),
    *("hu", "id", "it", "ja", "ko", "lt", "lv", "ms", "nb", "nl", "pl", "pt", "ro", "ru", "sk"),
    *("sl", "sr", "sv", "th", "tr", "uk", "vi", "zh"),
)
# Usual names that neither ISO 3166-1 nor CLDR lists.
_USUAL = {
    *{"uk", "usa", "uae", "america", "united states of america", "great britain", "britain"},
    *{"england", "scotland", "wales", "northern ireland", "holland", "turkey", "czech republic"},
    *{"burma", "macedonia", "ivory coast", "cape verde", "swaziland", "vatican", "east timor"},
    *{"south korea", "north korea", "republic of ireland", "hong kong", "macau", "macao", "taiwan"},
    *{"kosovo", "palestine", "the netherlands", "the bahamas", "the gambia", "congo", "brasil"},
    *{"vietnam", "viet nam", "grossbritannien", "tuerkei", "oesterreich", "russian federation"},
}


@cache
def _country_names() -> frozenset[str]:
    """The names of countries in all known languages, as `_plain` writes them."""
    codes = {country.alpha_2 for country in pycountry.countries} | {"XK"}
    return frozenset(_USUAL) | {
        _plain(name)
        for language in _LANGUAGES
        for code, name in Locale(language).territories.items()
        if code in codes
    }


def _plain(text: str) -> str:
    """The text in lower case, without accents and punctuation."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(part for part in parts if not unicodedata.combining(part))
    return " ".join(re.split(r"[^\w]+", letters.replace(".", ""))).strip()


def is_language(text: str) -> bool:
    """Whether the text begins with an ISO 639 code (examples: `de`, `de-AT`, `pt_BR`)."""
    code = re.split("[-_]", text)[0].lower()
    if len(code) == 2:
        return pycountry.languages.get(alpha_2=code) is not None
    return len(code) == 3 and pycountry.languages.get(alpha_3=code) is not None


LISTED = {"timezone": is_time_zone, "country": is_country, "language": is_language}
"""The check of each content type with a standard list."""
