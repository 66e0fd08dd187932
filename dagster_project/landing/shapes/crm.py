"""CRM exports: every column as the text it came as, in a table that widens with its files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from dagster_project.home.sql import identifier
from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.shapes.declared import DeclaredColumn, DeclaredTable, ensure_table
from dagster_project.landing.shapes.fields import Fields

if TYPE_CHECKING:
    import duckdb

    from dagster_project.landing.formats.rows import Rows
    from dagster_project.landing.shapes.kinds import Kind

_OURS_ALONE = ("_file_id", "_line", "_received_at")
"""Columns of every CRM table that no file may bring."""


@dataclass(frozen=True)
class Judgement:
    """SQL that judges a file's rows, and the names of the columns that it gives by place."""

    sql: str
    columns: list[str]


def judge(
    kind: Kind,
    rows: Rows,
    names: list[str],
    declared: DeclaredTable | None,
    landed_at: datetime,
) -> Judgement:
    """Write SQL that gives every row's values, or the problem with it and its content.

    `received_at = "occurred_at"` takes a record's `updated_at`, else its `created_at`.

    Args:
        kind: the table and the source's mapping.
        rows: the file.
        names: the file's columns.
        declared: what models expect of the table.
        landed_at: when the file lands.

    Returns:
        A SELECT over `rows.parameters`: `_line` if the rows are numbered; `_v0` …, `_received_at`,
        `_problem`, `_content`.

    Raises:
        FileRejectedError: the file lacks a required column, has two of one name after the mapping,
            or nothing that says when a row was learnt.

    """
    expected = declared.columns if declared else {}
    id_name = next((name for name, column in expected.items() if column.required), "id")
    fields = Fields(rows, kind.source, id_name)
    columns = _columns(kind, rows, names, expected, id_name)
    places = {name.casefold(): place for place, name in enumerate(columns)}
    learnt_at = _received_at(kind, fields, landed_at)

    read = {f"_v{place}": fields.text(name) for place, name in enumerate(columns)}
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
        if column.required:
            wrong.append((f"coalesce(trim({value}), '') = ''", f"'{name} is missing'"))
            read[f"_x{place}"] = fields.is_inexact(columns[place])
            reason = f"'{name} is a number that may have lost digits, write it as text: '"
            wrong.append((f"_x{place}", f"{reason} || {value}"))
        if column.allowed:
            words = rows.parameters.bind(list(column.allowed))
            other = f"not list_contains({words}::varchar[], lower(trim({value})))"
            among = ", ".join(column.allowed)
            wrong.append((other, f"'{name} is none of {among}: ' || {value}"))
        is_strict = column.data_type is not None
        problem, typed = None, value
        if column.is_instant:
            read[f"_t{place}"] = fields.instant(columns[place])
            problem, typed = "not a time" if is_strict else None, f"_t{place}"
            if kind.source.timezone != "UTC" or kind.source.dates:
                # Models know nothing of the source: a time has to say its own offset.
                utc = f"strftime(timezone('UTC', _t{place}), '%Y-%m-%dT%H:%M:%S.%fZ')"
                landed[value] = f"coalesce({utc}, {value})"
        elif column.is_number and kind.source.decimal is not None:
            problem, typed = "not a number", f"_n{place}"
            read[typed] = fields.number(columns[place])
            landed[value] = typed
        elif is_strict:
            problem, typed = f"not {column.data_type}", f"try_cast({value} as {column.data_type})"
        if problem is not None:
            is_so = f"{value} is not null and {typed} is null"
            wrong.append((is_so, f"'{name} is {problem}: ' || {value}"))
    wrong.append(("_received_at is null", "'nothing says when the row was learnt'"))
    if kind.source.empty == "cleared":
        # Null is what a file says nothing about; an empty cell says that there is nothing.
        for place, name in enumerate(columns):
            value = f"_v{place}"
            read[f"_s{place}"] = "true" if name == marked else fields.said(name)
            landed[value] = f"case when _s{place} then coalesce({landed[value]}, '') end"

    read |= {"_received_at": learnt_at, "_unreadable": rows.problem()}
    line = "_line, " if rows.numbered else ""
    cases = " ".join(f"when {condition} then {reason}" for condition, reason in wrong)
    return Judgement(
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
        )""",  # noqa: S608 - columns are called by their place
        columns,
    )


def _columns(
    kind: Kind,
    rows: Rows,
    names: list[str],
    expected: dict[str, DeclaredColumn],
    id_name: str,
) -> list[str]:
    """Name the file's columns as in the table."""
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
        raise FileRejectedError(f"the file has no column {', '.join(lacking)}")
    columns += lacking  # where rows have keys of their own, each is asked for what is required

    if not all(name.strip() and name.isprintable() for name in columns):
        raise FileRejectedError(
            "a column's name is blank or not printable; map it to one in sendhouse.toml",
            ", ".join(map(repr, columns)),
        )
    folded = [name.casefold() for name in columns]
    if any(folded.count(name) > 1 for name in folded):
        twice = sorted({name for name in folded if folded.count(name) > 1})
        raise FileRejectedError(
            "two of the file's columns would be one; map them apart in sendhouse.toml",
            ", ".join(twice),
        )
    reserved = [name for name in _OURS_ALONE if name in folded]
    if reserved:
        raise FileRejectedError(
            f"the file's {', '.join(reserved)} is the name of a column of landing; "
            "map it to another in sendhouse.toml"
        )
    return columns


def _received_at(kind: Kind, fields: Fields, landed_at: datetime) -> str:
    """Write SQL of when each row was learnt."""
    rule = kind.source.received_at
    if rule.startswith("column:"):
        return fields.instant("received_at")
    if rule != "occurred_at":
        return fields.received_at(landed_at, "null")
    changed_at = [name for name in ("updated_at", "created_at") if fields.has(name)]
    if not changed_at:
        raise FileRejectedError(
            "received_at = 'occurred_at' needs a column updated_at or created_at: map one, or "
            "give the source another received_at"
        )
    return f"coalesce({', '.join(map(fields.instant, changed_at))})"


def insert(
    connection: duckdb.DuckDBPyConnection,
    kind: Kind,
    judged: str,
    line: str,
    columns: list[str],
    file: tuple[str, int],
) -> int:
    """Add the rows that are right, widening the table by columns that it lacks.

    Args:
        connection: the warehouse, in a transaction.
        kind: the table.
        judged: the table made from `judge`, in file order.
        line: SQL of a row's line in the file.
        columns: the names of `_v0`, `_v1`, …
        file: the file's id and number.

    Returns:
        How many rows were added.

    """
    ensure_table(connection, kind.table, columns)
    into = ", ".join(["_file_id", "_file_no", "_line", "_received_at", *map(identifier, columns)])
    values = "".join(f", _v{place}" for place in range(len(columns)))
    file_id, file_no = file
    [(added,)] = connection.execute(
        f"""
        insert into raw.{identifier(kind.table)} ({into})
        select $file_id, $file_no, {line}, _received_at{values}
        from {judged}
        where _problem is null
        """,  # noqa: S608 - identifiers are quoted
        {"file_id": file_id, "file_no": file_no},
    ).fetchall()
    return added


def learnt_at(kind: Kind, landed_at: datetime) -> datetime | None:
    """The one instant at which all rows of a file were learnt; None where each row has its own."""
    rule = kind.source.received_at
    if rule == "landing":
        return landed_at
    if rule == "occurred_at" or rule.startswith("column:"):
        return None
    return datetime.fromisoformat(rule)
