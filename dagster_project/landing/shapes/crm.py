"""CRM exports: every value stays text; a table gets a new column when a file brings one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from dagster_project.home.sql import identifier
from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.formats.cell_sql import cast
from dagster_project.landing.shapes.column_names import recognized
from dagster_project.landing.shapes.declared import DeclaredColumn, DeclaredTable, ensure_table
from dagster_project.landing.shapes.fields import Fields
from senders.tracking_types import SUPPRESSION_REASONS, plain_word_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from dagster_project.landing.formats.rows import Rows
    from dagster_project.landing.shapes.kinds import Kind

_RESERVED = ("_file_id", "_line", "_received_at")
"""Columns that landing adds to every CRM table; a file must not contain them."""


@dataclass(frozen=True)
class CheckedRows:
    """SQL that checks a file's rows, and the names of its columns (`_v0`, `_v1`, …)."""

    sql: str
    columns: list[str]


def check(
    kind: Kind,
    rows: Rows,
    names: list[str],
    declared: DeclaredTable | None,
    landed_at: datetime,
) -> CheckedRows:
    """Write SQL that returns each row's values, or the row's problem and content.

    `received_at = "occurred_at"` means a record's `updated_at`, else its `created_at`.

    Args:
        kind: the table and the source's mapping.
        rows: the file.
        names: the file's columns.
        declared: the columns that the models expect.
        landed_at: the landing time.

    Returns:
        A SELECT over `rows.parameters`: `_line` if the rows are numbered; `_v0` …, `_received_at`,
        `_problem`, `_content`.

    Raises:
        FileRejectedError: the file lacks a required column or the received_at column, or the
            mapping gives two columns the same name.

    """
    expected = declared.columns if declared else {}
    if declared:
        kind = _with_known_names(kind, names, declared)
    id_name = next((name for name, column in expected.items() if column.required), "id")
    fields = Fields(rows, kind.source, id_name)
    columns = _columns(kind, rows, names, expected, id_name)
    places = {name.casefold(): place for place, name in enumerate(columns)}
    received_at = _received_at(kind, fields, landed_at)

    is_read = set(map(str.casefold, expected))
    read = {
        f"_v{place}": fields.text_of_all(name) if name.casefold() in is_read else fields.text(name)
        for place, name in enumerate(columns)
    }
    identified_by = declared.identified_by if declared else ()
    marked = None
    if kind.source.deleted is not None:
        marked = "is_deleted"
        read[f"_v{places[marked]}"] = fields.is_deleted(kind.source.deleted)
    landed = {value: value for value in read}
    wrong = [("_unreadable is not null", "_unreadable")]
    if kind.source.id and id_name not in expected:
        wrong.append((f"_v{places[id_name.casefold()]} is null", "'the id is missing'"))
    for name, column in expected.items():
        place = places.get(name.casefold())
        if place is None:
            continue
        value = f"_v{place}"
        is_text = column.is_any_text and name not in identified_by
        if not is_text and (differs := fields.differs(columns[place])):
            read[f"_d{place}"] = differs
            reason = "the header has this column twice, with different values: " + name
            wrong.append((f"_d{place}", rows.parameters.bind(reason)))
        if column.required:
            wrong.append((f"coalesce(trim({value}), '') = ''", f"'{name} is missing'"))
            read[f"_x{place}"] = fields.is_inexact(columns[place])
            reason = f"'{name} is a number that may have lost digits, export it as text: '"
            wrong.append((f"_x{place}", f"{reason} || {value}"))
        if column.reads_as == "suppression":
            words = [word for known in SUPPRESSION_REASONS.values() for word in known]
            known = f"{rows.parameters.bind(words)}::varchar[]"
            other = f"not list_contains({known}, {plain_word_sql(value)})"
            among = f"{', '.join(SUPPRESSION_REASONS)}, nor a known word of a provider"
            wrong.append((other, f"'{name} is not one of {among}: ' || {value}"))
        is_strict = column.data_type is not None
        problem, typed = None, value
        if column.is_instant:
            read[f"_t{place}"] = fields.instant(columns[place])
            problem, typed = "not a time" if is_strict else None, f"_t{place}"
            if kind.source.timezone != "UTC" or kind.source.dates:
                # Models do not know the source's time zone, so a time lands with its offset.
                utc = f"strftime(timezone('UTC', _t{place}), '%Y-%m-%dT%H:%M:%S.%fZ')"
                landed[value] = f"coalesce({utc}, {value})"
        elif column.reads_as == "birthday":
            landed[value] = f"_b{place}"
            read[landed[value]] = fields.birthday(columns[place])
        elif column.is_date and kind.source.dates:
            zone = rows.parameters.bind(kind.source.timezone)
            day = f"timezone({zone}, {fields.instant(columns[place])})"
            read[f"_t{place}"] = f"strftime({day}, '%Y-%m-%d')"
            problem, typed = "not a date" if is_strict else None, f"_t{place}"
            landed[value] = f"coalesce(_t{place}, {value})"
        elif column.is_number and kind.source.decimal is not None:
            problem, typed = "not a number", f"_n{place}"
            read[typed] = fields.number(columns[place])
            landed[value] = typed
        elif is_strict:
            problem, typed = f"not {column.data_type}", cast(value, column.data_type or "varchar")
        if problem is not None:
            is_so = f"{value} is not null and {typed} is null"
            wrong.append((is_so, f"'{name} is {problem}: ' || {value}"))
    wrong.append(("_received_at is null", "'received_at is missing'"))
    if kind.source.empty == "cleared":
        # Null: the row does not contain the column. '': the row clears the value.
        for place, name in enumerate(columns):
            value = f"_v{place}"
            read[f"_s{place}"] = "true" if name == marked else fields.is_present(name)
            landed[value] = f"case when _s{place} then coalesce({landed[value]}, '') end"

    read |= {"_received_at": received_at, "_unreadable": rows.problem()}
    line = "_line, " if rows.numbered else ""
    cases = " ".join(f"when {condition} then {reason}" for condition, reason in wrong)
    return CheckedRows(
        f"""
        select {line}
            {"".join(f"{sql} as {name}, " for name, sql in landed.items())}
            _received_at, _wrong as _problem,
            case when _wrong is not null then {rows.content()} end as _content
        from (
            select *, case {cases} end as _wrong
            from (
                select *, {", ".join(f"{sql} as {name}" for name, sql in read.items())}
                from {rows.relation()}
            )
        )""",  # noqa: S608 - columns are named by position
        columns,
    )


def _with_known_names(kind: Kind, names: list[str], declared: DeclaredTable) -> Kind:
    """Add the columns that models read by another name to the source's mapping."""
    source = kind.source
    mapped = set(source.columns.values())
    free = [name for name in names if name not in mapped]
    found = recognized(declared, free, [*source.columns, *source.constants, *free])
    columns = found | source.columns
    return replace(kind, source=source.model_copy(update={"columns": columns}))


def _columns(
    kind: Kind,
    rows: Rows,
    names: list[str],
    expected: dict[str, DeclaredColumn],
    id_name: str,
) -> list[str]:
    """Return the file's columns under their names in the table."""
    ours: dict[str, list[str]] = {}
    for our_name, name in kind.source.columns.items():
        ours.setdefault(name, []).append(our_name)
    columns = [name for theirs in names for name in ours.get(theirs, [theirs])]
    made = list(kind.source.constants)
    if kind.source.id:
        made.append(id_name)
    if kind.source.deleted is not None:
        made.append("is_deleted")
    folded = set(map(str.casefold, columns))
    columns += [name for name in made if name.casefold() not in folded]
    lacking = [name for name, column in expected.items() if column.required]
    lacking = [name for name in lacking if name.casefold() not in map(str.casefold, columns)]
    if lacking and not all(map(rows.has, lacking)):
        raise FileRejectedError(f"the file lacks a required column: {', '.join(lacking)}")
    columns += lacking  # if each row has its own keys, each row is checked

    if not all(name.strip() and name.isprintable() for name in columns):
        raise FileRejectedError(
            "a column name is blank or not printable: map it to a name in sendhouse.toml",
            ", ".join(map(repr, columns)),
        )
    folded = [name.casefold() for name in columns]
    if any(folded.count(name) > 1 for name in folded):
        twice = sorted({name for name in folded if folded.count(name) > 1})
        raise FileRejectedError(
            "two columns of the file get the same name: map them to two names in sendhouse.toml",
            ", ".join(twice),
        )
    reserved = [name for name in _RESERVED if name in folded]
    if reserved:
        raise FileRejectedError(
            f"the file contains reserved columns: {', '.join(reserved)}; "
            "map them to other names in sendhouse.toml"
        )
    return columns


def _received_at(kind: Kind, fields: Fields, landed_at: datetime) -> str:
    """Write SQL of each row's received_at."""
    rule = kind.source.received_at
    if rule.startswith("column:"):
        return fields.instant("received_at")
    if rule != "occurred_at":
        return fields.received_at(landed_at, "null")
    changed_at = [name for name in ("updated_at", "created_at") if fields.has(name)]
    if not changed_at:
        raise FileRejectedError(
            "received_at = 'occurred_at' needs a column updated_at or created_at: map a column, or "
            "set another received_at"
        )
    return f"coalesce({', '.join(map(fields.instant, changed_at))})"


def insert(
    connection: duckdb.DuckDBPyConnection,
    kind: Kind,
    checked: str,
    line: str,
    columns: list[str],
    file: tuple[str, int],
) -> int:
    """Insert the valid rows, and add missing columns to the table.

    Args:
        connection: the warehouse, in a transaction.
        kind: the table.
        checked: the temporary table with the result of `check`, in file order.
        line: SQL of a row's line in the file.
        columns: the names of `_v0`, `_v1`, …
        file: the file's id and number.

    Returns:
        The number of inserted rows.

    """
    ensure_table(connection, kind.table, columns)
    into = ", ".join(["_file_id", "_file_no", "_line", "_received_at", *map(identifier, columns)])
    values = "".join(f", _v{place}" for place in range(len(columns)))
    file_id, file_no = file
    [(added,)] = connection.execute(
        f"""
        insert into raw.{identifier(kind.table)} ({into})
        select $file_id, $file_no, {line}, _received_at{values}
        from {checked}
        where _problem is null
        """,  # noqa: S608 - identifiers are quoted
        {"file_id": file_id, "file_no": file_no},
    ).fetchall()
    return added


def conflicts(
    connection: duckdb.DuckDBPyConnection, checked: str, columns: list[str], ids: Sequence[str]
) -> list[str]:
    """Describe the records that an export has in several rows with different values.

    All rows land, and models read the last one. Rows with different times of receipt are history.

    Args:
        connection: the warehouse.
        checked: the temporary table with the result of `check`.
        columns: the names of `_v0`, `_v1`, …
        ids: the columns that may identify a record; the first with a value does.

    """
    folded = [name.casefold() for name in columns]
    places = [folded.index(name.casefold()) for name in ids if name.casefold() in folded]
    if not places:
        return []
    filled = [f"nullif(_v{place}, '')" for place in places]
    record = f"coalesce({', '.join(filled)})"
    values = ", ".join(f"_v{place}" for place in range(len(columns)))
    [(records,)] = connection.execute(
        f"""
        with repeated as (
            select {record} as record, _received_at from {checked}
            where _problem is null and {record} is not null
            group by all having count(*) > 1
        )
        select count(*) from (
            select record from {checked} inner join repeated
                on repeated.record = {record} and repeated._received_at = {checked}._received_at
            where _problem is null
            group by record, {checked}._received_at having count(distinct hash({values})) > 1
        )"""  # noqa: S608 - columns are named by position
    ).fetchall()
    if not records:
        return []
    return [
        f"{records:,} records are in several rows with different values ({', '.join(ids)}): all "
        "rows land, and the last row counts"
    ]


def common_received_at(kind: Kind, landed_at: datetime) -> datetime | None:
    """Return the received_at of all rows of a file; None if each row has its own."""
    rule = kind.source.received_at
    if rule == "landing":
        return landed_at
    if rule == "occurred_at" or rule.startswith("column:"):
        return None
    return datetime.fromisoformat(rule)
