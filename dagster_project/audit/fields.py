"""One field judged: what it holds, how full, right and fresh it is, and what it is good for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dagster_project.audit import measure, naming
from dagster_project.audit.addresses import Verdict, verdict
from dagster_project.audit.model import AddressCount, FieldAudit
from dagster_project.audit.standards import LISTED

if TYPE_CHECKING:
    import duckdb

    from dagster_project.audit.measure import Counts, Times
    from dagster_project.audit.tables import CrmTable, Loaded

FEW_VALUES = 50
"""A field with at most this many different values is a category, and may be listed."""
SHOWN_VALUES = 8
_NEARLY_ALL = 0.95
"""When this share of the values is of a type, the rest are mistakes and not another type."""
_MANY = 0.2
"""When this share looks like addresses or telephone numbers, the field is personal."""
MOSTLY = 0.5
"""Below this fill rate, a segment on the field speaks about the CRM's gaps."""
_TOO_WRONG = 0.1
_TYPES = {"number": "double", "instant": "timestamptz"}
_DECLARED = {
    "boolean": "boolean", "integer": "number", "bigint": "number", "double": "number",
    "decimal": "number", "timestamptz": "instant", "date": "instant",
}  # fmt: skip


def audit_field(
    connection: duckdb.DuckDBPyConnection,
    loaded: Loaded,
    field: str,
    as_of: datetime,
    stale_after: timedelta,
) -> tuple[FieldAudit, list[AddressCount]]:
    """Audit one field of the table that is loaded.

    Args:
        connection: with the temporary table of `tables.load`.
        loaded: the object.
        field: its column.
        as_of: the clock.
        stale_after: how long a field may go without a sign of life.

    """
    table, rows = loaded.table, loaded.rows
    counts = measure.counts(connection, loaded, field)
    times = measure.times(connection, loaded, field)
    holds = _holds(table, field, counts)
    personal = (
        naming.is_personal(field, table.name)
        or holds in ("email", "phone")
        or (
            holds in ("text", "category") and counts.emails + counts.phones >= _MANY * counts.filled
        )
    )
    invalid, wrong, addresses = _validity(connection, table, field, holds, counts)
    frequent: list[tuple[str, int]] = []
    if not personal and 0 < counts.distinct <= FEW_VALUES:
        frequent = _shared(measure.values(connection, field))
    stale = _stale(times, rows, counts.filled, as_of, stale_after)
    kind = None
    if not personal and holds not in ("id", "empty") and field not in table.record_id:
        kind = naming.segment_kind(field, table.name)
    audited = FieldAudit(
        source_table=table.name,
        field=field,
        holds=holds,
        is_personal=personal,
        rows=rows,
        filled=counts.filled,
        distinct_values=counts.distinct,
        frequent_values=frequent,
        invalid=invalid,
        invalid_values=[] if personal else _shared(wrong),
        last_filled_at=times.last_filled_at,
        last_new_value_at=times.last_new_value_at,
        last_updated_at=times.last_updated_at,
        stale_reason=stale,
        segment_kind=kind,
        unusable_reason=None,
    )
    return _judged(audited), addresses


def _shared(values: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Keep the most frequent that several records have: what is one's own is not shown to all.

    A row whose fields have shifted puts a name where a country should be.
    """
    return [(value, rows) for value, rows in values[:SHOWN_VALUES] if rows > 1]


def _holds(table: CrmTable, field: str, counts: Counts) -> str:
    """Tell what the values are: the declaration knows best, then the name, then the values."""
    declared = (table.declared_types.get(field.lower()) or "").lower().split("(")[0]
    promised = naming.holds(field)
    enough = _NEARLY_ALL * counts.filled
    if counts.filled == 0:
        return "empty"
    if field in table.record_id:
        return "id"
    if declared in _DECLARED:
        return _DECLARED[declared]
    if counts.booleans >= enough:
        return "boolean"
    if promised and not (promised in ("phone", "instant") and _is_flag(counts)):
        return promised
    if counts.emails >= enough:
        return "email"
    if counts.numbers >= enough:
        return "number"
    if counts.instants >= enough:
        return "instant"
    return "category" if counts.distinct <= min(FEW_VALUES, counts.filled / 2) else "text"


def _is_flag(counts: Counts) -> bool:
    """Whether numbers stand where telephone numbers or dates are promised, as a score does."""
    return counts.numbers >= _NEARLY_ALL * counts.filled and not counts.phones


def _validity(
    connection: duckdb.DuckDBPyConnection,
    table: CrmTable,
    field: str,
    holds: str,
    counts: Counts,
) -> tuple[int, list[tuple[str, int]], list[AddressCount]]:
    """Count what is wrong: rows, the most frequent wrong values, and addresses by verdict."""
    if holds == "email":
        addresses: Counter[str] = Counter()
        rows: Counter[str] = Counter()
        for value, times in measure.values(connection, field):
            judged = verdict(value)
            addresses[judged] += 1
            rows[judged] += times
        listed = [
            AddressCount(table.name, field, one.value, addresses[one], rows[one]) for one in Verdict
        ]
        return rows[Verdict.invalid], [], listed
    if holds in LISTED:
        wrong = [one for one in measure.values(connection, field) if not LISTED[holds](one[0])]
        return sum(rows for _, rows in wrong), wrong, []
    if holds in _TYPES:
        right = counts.numbers if holds == "number" else counts.instants
        wrong = measure.unlike(connection, field, _TYPES[holds], SHOWN_VALUES)
        return counts.filled - right, wrong, []
    return 0, [], []


def _stale(
    times: Times, rows: int, filled: int, as_of: datetime, stale_after: timedelta
) -> str | None:
    """Say why a field is no longer kept; None while it is, or when it never was filled."""
    if times.last_filled_at is None:
        return None
    # Exports that came since would have brought several values, had the field still been kept.
    expected = times.rows_since * max(filled, 1) / max(rows, 1)
    if times.rows_since and (filled == 0 or expected >= 5):
        return f"empty in every export since {times.last_filled_at:%Y-%m-%d}"
    signs = {
        "no export has brought a value": times.last_filled_at,
        "no record has got a new value": times.last_new_value_at,
        "no record that has it was changed in the CRM": times.last_updated_at,
    }
    oldest, at = min(
        ((what, at) for what, at in signs.items() if at is not None), key=lambda sign: sign[1]
    )
    return f"{oldest} since {at:%Y-%m-%d}" if as_of - at > stale_after else None


def _judged(field: FieldAudit) -> FieldAudit:
    """Add why the field cannot carry a segment now."""
    if field.segment_kind is None:
        return field
    if field.stale_reason:
        reason = "stale"
    elif field.fill_rate < MOSTLY:
        reason = f"filled for {field.fill_rate:.0%}"
    elif field.distinct_values == 1:
        reason = "one value only"
    elif field.invalid_rate > _TOO_WRONG:
        reason = f"{field.invalid_rate:.0%} of the values are wrong"
    else:
        reason = None
    return replace(field, unusable_reason=reason)
