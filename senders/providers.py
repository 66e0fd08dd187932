"""Which provider receives the mail of a domain: a wave of refusals concerns a whole provider.

One table for Python and SQL: the dbt macro `mail_provider` is generated from it
(dagster_project/project/registry.py). The patterns are written in what Python's `re` and RE2
(DuckDB) have in common. A domain without a row is its own provider.
"""

from __future__ import annotations

import re

# By provider the domains of its mailboxes, as a pattern of the whole domain.
PROVIDERS = {
    "google": "(gmail|googlemail)[.]com",
    "microsoft": "(outlook|hotmail|live|msn|passport)[.][a-z.]+",
    "yahoo": "(yahoo|aol)[.][a-z.]+|(ymail|rocketmail|aim|netscape)[.]com|verizon[.]net",
    "apple": "(icloud|me|mac)[.]com",
    "gmx": "gmx[.][a-z.]+|web[.]de|(mail|email)[.]com",
    "t-online": "(t-online|magenta)[.]de",
    "orange": "(orange|wanadoo)[.]fr",
    "sfr": "(sfr|neuf|cegetel)[.]fr",
    "libero": "(libero|virgilio|inwind|iol|blu)[.]it",
    "comcast": "(comcast|xfinity)[.](net|com)",
    "att": "(att|sbcglobal|bellsouth)[.]net",
    "proton": "(proton|protonmail|pm)[.](me|com|ch)",
    "mail.ru": "(mail|bk|inbox|list|internet)[.]ru",
    "yandex": "yandex[.][a-z.]+|ya[.]ru",
    "tencent": "(qq|foxmail)[.]com",
    "netease": "(163|126|188)[.]com|yeah[.]net",
}


def provider_of(address: str) -> str:
    """Name the provider of an address: a key of `PROVIDERS`, or the domain in lower case."""
    domain = address.rpartition("@")[2].lower()
    return next(
        (name for name, pattern in PROVIDERS.items() if re.fullmatch(pattern, domain)), domain
    )
