"""What a row must fulfil to land: the collector answers 200 only for rows that land.

Landing checks every row again, because files come from other programs too
(dagster_project/landing/shapes/facts.py). tests/collector/test_contract.py lands what is accepted
here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from senders.fact_limits import AHEAD, EARLIEST, LINE_BYTES

# The tick that lands a row can have begun before the row was received.
_LONGEST_TICK = timedelta(hours=1)
_LARGEST = 1.7976931348623157e308


def line_of(row: Mapping[str, Any]) -> bytes:
    """Write a row as one line of JSON.

    Raises:
        UnicodeEncodeError: a text is not valid Unicode.
    """
    return json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def why_no_text(value: str) -> str | None:
    """Say why a value cannot be a key, a name or an address; None if it can."""
    if not value.strip():
        return "is blank"
    if value.startswith(("{", "[")):
        return "must be plain text, not JSON"
    if "\0" in value:
        return "contains a NUL character"
    return next(_problems(value), None)


def why_no_time(value: datetime, now: datetime) -> str | None:
    """Say why an instant (with a time zone) cannot be the time of an event; None if it can."""
    if value < EARLIEST:
        return f"is before {EARLIEST.year}"
    if value > now + AHEAD - _LONGEST_TICK:
        return "is in the future"
    return None


def why_no_json(value: object) -> str | None:
    """Say why a value cannot be stored as JSON without a change; None if it can."""
    try:
        return next(_problems(value), None)
    except RecursionError:
        return "is nested too deeply"


def why_no_row(row: Mapping[str, Any]) -> str | None:
    """Say why a row is too large; None if it is not."""
    size = len(line_of(row))
    return f"is too large: {size:,} bytes, at most {LINE_BYTES:,}" if size > LINE_BYTES else None


def _problems(value: object) -> Iterator[str]:
    match value:
        case None | bool():
            pass
        case str():
            try:
                value.encode()
            except UnicodeEncodeError:
                yield "contains a character that is not valid Unicode"
        case int() | float():
            if not (math.isfinite(value) if isinstance(value, float) else abs(value) <= _LARGEST):
                yield "contains a number that is out of range"
        case list() | tuple():
            for item in value:
                yield from _problems(item)
        case dict():
            for key, item in value.items():
                yield from _problems(key) if isinstance(key, str) else ["has a key that is no text"]
                yield from _problems(item)
        case _:
            yield f"contains a value that is not JSON: {type(value).__name__}"
