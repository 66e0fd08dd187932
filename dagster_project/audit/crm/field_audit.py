"""The audit of one CRM field: content type, fill rate, validity, freshness and possible use."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dagster_project.audit.crm import field_names, field_values
from dagster_project.audit.crm.addresses import Verdict, verdict_of_cell
from dagster_project.audit.crm.results import AddressCount, FieldAudit
from dagster_project.audit.crm.standards import LISTED
from dagster_project.landing.shapes.column_names import looks_like_consent

if TYPE_CHECKING:
    import duckdb

    from dagster_project.audit.crm.field_values import Counts, Times
    from dagster_project.audit.crm.tables import CrmTable, Loaded

FEW_VALUES = 50
"""A field with at most this many distinct values is a category; its values may be listed."""
SHOWN_VALUES = 8
_NEARLY_ALL = 0.95
"""If this share of the values has a type, the other values count as invalid."""
_MANY = 0.2
"""If this share looks like e-mail addresses or telephone numbers, the field is personal."""
MIN_FILL_RATE = 0.5
"""A field below this fill rate cannot carry a segment."""
_MAX_INVALID_RATE = 0.1
_ENOUGH_CODES = 10
"""From this number of records, codes that never repeat are ids."""
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
    """Audit one field of the loaded table.

    Args:
        connection: with the temporary table of `tables.load`.
        loaded: the table.
        field: the column.
        as_of: the clock.
        stale_after: how long a field may go without a change.

    """
    table, rows = loaded.table, loaded.rows
    counts = field_values.counts(connection, loaded, field)
    times = field_values.times(connection, loaded, field)
    holds = _holds(table, field, counts)
    personal = (
        field_names.is_personal(field, table.name)
        or holds in ("email", "phone")
        or (
            holds in ("text", "category") and counts.emails + counts.phones >= _MANY * counts.filled
        )
    )
    invalid, invalid_values, addresses = _validity(connection, table, field, holds, counts)
    frequent: list[tuple[str, int]] = []
    if not personal and 0 < counts.distinct <= FEW_VALUES:
        frequent = _shared(field_values.values(connection, field))
    stale = _stale(times, rows, counts.filled, as_of, stale_after)
    kind = None
    if not personal and holds not in ("id", "empty"):
        kind = field_names.segment_kind(field, table.name)
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
        invalid_values=[] if personal else _shared(invalid_values),
        last_filled_at=times.last_filled_at,
        last_new_value_at=times.last_new_value_at,
        last_updated_at=times.last_updated_at,
        stale_reason=stale,
        segment_kind=kind,
        unusable_reason=None,
        placeholders=field_values.placeholders(connection, field),
        is_unread_consent=bool(counts.filled)
        and looks_like_consent(field)
        and not table.is_read(field),
    )
    return _with_unusable_reason(audited), addresses


def _shared(values: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Keep the most frequent values that several records share.

    A unique value may identify a person: a row with shifted fields has a name under `country`.
    """
    return [(value, rows) for value, rows in values[:SHOWN_VALUES] if rows > 1]


def _holds(table: CrmTable, field: str, counts: Counts) -> str:
    """Find the content type from the declaration, else the field name, else the values."""
    declared = (table.declared_types.get(field.lower()) or "").lower().split("(")[0]
    named = field_names.holds(field)
    enough = _NEARLY_ALL * counts.filled
    if counts.filled == 0:
        return "empty"
    if field in table.record_id:
        return "id"
    if declared in _DECLARED:
        return _DECLARED[declared]
    if counts.booleans >= enough:
        return "boolean"
    if _is_code(field, counts):
        return "id"
    if named and not (named in ("phone", "instant") and _is_flag(counts)):
        return named
    if counts.emails >= enough:
        return "email"
    if counts.numbers >= enough:
        return "number"
    if counts.instants >= enough:
        return "instant"
    return "category" if counts.distinct <= min(FEW_VALUES, counts.filled / 2) else "text"


def _is_code(field: str, counts: Counts) -> bool:
    """Whether every record has a code of its own, under a name that says nothing else."""
    return (
        counts.filled >= _ENOUGH_CODES
        and counts.distinct == counts.filled == counts.codes
        and field_names.says_nothing(field)
    )


def _is_flag(counts: Counts) -> bool:
    """Whether a field named as a telephone number or date holds plain numbers, such as a score."""
    return counts.numbers >= _NEARLY_ALL * counts.filled and not counts.phones


def _validity(
    connection: duckdb.DuckDBPyConnection,
    table: CrmTable,
    field: str,
    holds: str,
    counts: Counts,
) -> tuple[int, list[tuple[str, int]], list[AddressCount]]:
    """Count invalid rows, the most frequent invalid values, and addresses by verdict."""
    if holds == "email":
        addresses: Counter[str] = Counter()
        rows: Counter[str] = Counter()
        for value, count in field_values.values(connection, field):
            found = verdict_of_cell(value)
            addresses[found] += 1
            rows[found] += count
        listed = [
            AddressCount(table.name, field, kind.value, addresses[kind], rows[kind])
            for kind in Verdict
        ]
        return rows[Verdict.invalid], [], listed
    if holds in LISTED:
        invalid = [
            (value, count)
            for value, count in field_values.values(connection, field)
            if not LISTED[holds](value)
        ]
        return sum(count for _, count in invalid), invalid, []
    if holds in _TYPES:
        valid = counts.numbers if holds == "number" else counts.instants
        invalid = field_values.not_of_type(connection, field, _TYPES[holds], SHOWN_VALUES)
        return counts.filled - valid, invalid, []
    return 0, [], []


def _stale(
    times: Times, rows: int, filled: int, as_of: datetime, stale_after: timedelta
) -> str | None:
    """Explain why a field is stale; None if the field is fresh or was never filled."""
    if times.last_filled_at is None:
        return None
    # Values expected in the later exports at the usual fill rate.
    expected = times.rows_since * max(filled, 1) / max(rows, 1)
    if times.rows_since and (filled == 0 or expected >= 5):
        return f"empty in every export since {times.last_filled_at:%Y-%m-%d}"
    signs = {
        "no export has brought a value": times.last_filled_at,
        "no record has a new value": times.last_new_value_at,
        "the CRM has changed no record with a value": times.last_updated_at,
    }
    oldest, at = min(
        ((sign, at) for sign, at in signs.items() if at is not None), key=lambda pair: pair[1]
    )
    return f"{oldest} since {at:%Y-%m-%d}" if as_of - at > stale_after else None


def _with_unusable_reason(field: FieldAudit) -> FieldAudit:
    """Set `unusable_reason`."""
    if field.segment_kind is None:
        return field
    if field.stale_reason:
        reason = "stale"
    elif field.fill_rate < MIN_FILL_RATE:
        reason = f"filled for {field.fill_rate:.0%}"
    elif field.distinct_values == 1:
        reason = "only one value"
    elif field.invalid_rate > _MAX_INVALID_RATE:
        reason = f"{field.invalid_rate:.0%} of the values are invalid"
    else:
        reason = None
    return replace(field, unusable_reason=reason)
