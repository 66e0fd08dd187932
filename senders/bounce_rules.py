"""Whose fault a refusal is: bounce_rules.csv, one table for SMTP replies, bounces and CRM texts.

A refusal is the recipient's fault only if its text says that the address or the domain does not
exist, and if no part of the text speaks of the sender, a policy or a temporary trouble. A text
without a rule is in doubt. Then the fault is the sender's, unless a provider itself calls the
bounce hard: a live address must not be suppressed for a bad reputation of the sender.

The first rule whose pattern occurs in the text decides. A rule looks for one of:

| looks_for | value | example |
|---|---|---|
| code | a reply code; x is any digit | 4xx |
| status | an enhanced status code (RFC 3463); x is any number | 5.1.x |
| words | a regular expression over the lowercase text | mailbox (is )?full |

The patterns are written in what Python's `re` and RE2 (DuckDB) have in common: the dbt macro
`bounce_fault` is generated from the same rules (dagster_project/project/registry.py).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from senders.base import Fault

RULES_FILE = Path(__file__).with_name("bounce_rules.csv")
# Addresses are removed before the rules look: info@blackrock.example is not on a blacklist.
ADDRESS = "[^ <>():;,]+@[^ <>():;,]+"
# A code inside of an id (a412f), an IP address (5.1.1.7) or a longer number is not a code.
_BEFORE = "(^|[^0-9a-z.])"
_AFTER = "([^0-9a-z.]|[.]?$|[.][^0-9])"


@dataclass(frozen=True)
class BounceRule:
    """A pattern over the lowercase text without addresses, and whose fault its presence shows."""

    pattern: str
    fault: Fault


@cache
def bounce_rules() -> tuple[BounceRule, ...]:
    """The rules in order."""
    with RULES_FILE.open(encoding="utf-8", newline="") as file:
        return tuple(
            BounceRule(_pattern(row["looks_for"], row["value"]), cast("Fault", row["fault"]))
            for row in csv.DictReader(file)
        )


def bounce_fault(text: str) -> Fault | None:
    """Whose fault a text says a refusal is; None when no rule applies."""
    plain = re.sub(ADDRESS, "", text.lower())
    return next((rule.fault for rule in bounce_rules() if re.search(rule.pattern, plain)), None)


def _pattern(looks_for: str, value: str) -> str:
    if looks_for == "words":
        return value
    any_number = {"code": "[0-9]", "status": "[0-9]{1,3}"}[looks_for]
    number = value.replace(".", "[.]").replace("x", any_number)
    return f"{_BEFORE}{number}{_AFTER}"
