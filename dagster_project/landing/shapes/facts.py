"""Events and tracking: a row with an id lands once, even if several files contain the row."""

from __future__ import annotations

from dataclasses import dataclass
from shutil import rmtree
from typing import TYPE_CHECKING

import duckdb

from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.formats.cell_sql import is_no_json, json_in_its_words
from dagster_project.landing.shapes.fields import Fields
from senders.fact_limits import AHEAD, EARLIEST
from senders.tracking_types import BOUNCE_KEYS, BOUNCE_TYPES, TRACKING_TYPES, plain_word_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from dagster_project.landing.formats.rows import Rows
    from dagster_project.landing.shapes.kinds import Kind

_NUMBER = "decimal(18, 4)"
CONFLICT = "the event_id came before with other content"
"""The reason of a rejected event whose id landed with other content."""


@dataclass(frozen=True)
class _Shape:
    """The columns of events or of tracking."""

    words: dict[str, str]
    """Text columns, with the SQL of the default value."""
    one_of: tuple[tuple[str, ...], ...]
    """Groups of columns; in each group, at least one column must have a value."""
    names: tuple[str, ...]
    """Identifier columns, which must not have lost digits."""
    payload: str
    """The JSON column for all other columns of the file."""
    allowed: dict[str, tuple[str, ...]]
    """Columns with a fixed list of values."""


_SHAPES = {
    "events": _Shape(
        words={"contact_key": "null", "company_key": "null", "name": "null"},
        one_of=(("contact_key", "company_key"), ("name",), ("occurred_at",)),
        names=("event_id", "contact_key", "company_key"),
        payload="properties",
        allowed={},
    ),
    "tracking": _Shape(
        words={"send_id": "null", "email": "null", "type": "null", "provider": "'file'"},
        one_of=(("send_id", "email"), ("type",), ("occurred_at",)),
        names=("event_id", "send_id"),
        payload="detail",
        allowed={"type": tuple(TRACKING_TYPES)},
    ),
}


def check(kind: Kind, rows: Rows, landed_at: datetime) -> str:
    """Write SQL that returns each row's values, or the row's problem and content.

    Args:
        kind: `events` or `tracking`, and the source's mapping.
        rows: the file.
        landed_at: the landing time. An occurred_at more than a day later is invalid. A source of
            history with its own clock (`received_at = "occurred_at"`) is exempt.

    Returns:
        A SELECT over `rows.parameters`: `_line` if the rows are numbered; event_id, its hash, the
        shape's columns, occurred_at, received_at; `_problem`, `_content`.

    Raises:
        FileRejectedError: the file lacks a required column.

    """
    shape = _SHAPES[kind.shape]
    fields = Fields(rows, kind.source, "event_id")
    for group in shape.one_of:
        if not any(map(fields.has, group)):
            raise FileRejectedError(f"the file lacks a required column: {' or '.join(group)}")

    ours = ("event_id", *shape.words, "occurred_at", "received_at", shape.payload)
    line = "_line, " if rows.numbered else ""
    read = {f"{name}_text": fields.text(name) for name in ours}
    read |= {f"{name}_inexact": fields.is_inexact(name) for name in shape.names}
    read |= {name: fields.instant(name) for name in ("occurred_at", "received_at")}
    twice = {name: differs for name in ours if (differs := fields.differs(name))}
    read |= {f"{name}_differs": differs for name, differs in twice.items()}
    numbers = _numbers(kind, fields)
    for place, name in enumerate(numbers):
        read |= {f"digits_{place}": fields.text(name), f"number_{place}": fields.number(name)}
    read["others"] = fields.others((*ours, *numbers))
    read["unreadable"] = rows.problem()

    known_at = f"coalesce(received_at, {fields.received_at(landed_at, 'occurred_at')})"
    given = f"{shape.payload}_text"
    given = f"case when starts_with(ltrim({given}), '{{') then try_cast({given} as json) end"
    cases = " ".join(
        f"when {is_so} then {reason}"
        for is_so, reason in _wrong(kind, rows, numbers, twice, landed_at)
    )
    others = "others"
    if numbers:
        pairs = ", ".join(
            f"{rows.parameters.bind(name)}::varchar, number_{place}::{_NUMBER}"
            for place, name in enumerate(numbers)
        )
        others = f"json_merge_patch(others, json_object({pairs}))"
    # A key of the file's own JSON object takes precedence over a column.
    payload = f"""case
        when wrong is not null then null
        when given is null then {others}
        when {others}::varchar = '{{}}' then given
        else json_merge_patch({others}, {json_in_its_words("given")})
    end"""
    words = {name: f"coalesce({name}_text, {empty})" for name, empty in shape.words.items()}
    parts = [*(f"coalesce({name}, '')" for name in shape.words), "epoch_us(occurred_at)", "payload"]
    # Null without a company: the ids of such events are those of earlier versions.
    parts = [part.replace("coalesce(company_key, '')", "company_key") for part in parts]
    event_id = f"coalesce(event_id_text, md5(concat_ws(chr(31), {', '.join(parts)})))"
    return f"""
        select {line}
            case when wrong is null then {event_id} end as event_id, hash(event_id) as event_hash,
            {", ".join(shape.words)}, occurred_at, known_at as received_at,
            payload as {shape.payload}, wrong as _problem,
            case when wrong is not null then {rows.content()} end as _content
        from (
            select *, {_named(words)}, {payload} as payload
            from (
                select *, case {cases} end as wrong
                from (
                    select *, {known_at} as known_at, {given} as given
                    from (select *, {_named(read)} from {rows.relation()})
                )
            )
        )"""  # noqa: S608 - names of our own columns; values are bound


def _named(values: dict[str, str]) -> str:
    return ", ".join(f"{sql} as {name}" for name, sql in values.items())


def _numbers(kind: Kind, fields: Fields) -> list[str]:
    """List the properties that the source's decimal sign applies to."""
    if kind.source.decimal is None:
        return []
    return [name for name in kind.source.numbers if fields.has(name)]


def _wrong(
    kind: Kind, rows: Rows, numbers: list[str], twice: Iterable[str], landed_at: datetime
) -> list[tuple[str, str]]:
    """List the checks of a row as (condition, reason); the first that holds is the problem."""
    shape, bind = _SHAPES[kind.shape], rows.parameters.bind
    wrong = [("unreadable is not null", "unreadable")]
    for name in twice:
        reason = f"'the header has {name} twice, with different values'"
        wrong.append((f"{name}_differs", reason))
    for group in shape.one_of:
        empty = " and ".join(map(_is_blank, group))
        wrong.append((empty, f"'{' or '.join(group)} is missing'"))
    for name in ("event_id", *shape.words):
        nested = f"starts_with({name}_text, '{{') or starts_with({name}_text, '[')"
        wrong.append((nested, f"'{name} is not plain text: ' || {name}_text"))
    for name in shape.names:
        reason = f"'{name} is a number that may have lost digits, export it as text: '"
        wrong.append((f"{name}_inexact", f"{reason} || {name}_text"))
    for name, allowed in shape.allowed.items():
        among = f"list_contains({bind(list(allowed))}::varchar[], {name}_text)"
        reason = f"'{name} is not one of {', '.join(allowed)}: '"
        wrong.append((f"not {among}", f"{reason} || {name}_text"))
    if kind.source.id:
        wrong.append(("event_id_text is null", "'the id is missing'"))
    for place, name in enumerate(numbers):
        text = f"digits_{place}"
        no_number = f"{text} is not null and try_cast(number_{place} as {_NUMBER}) is null"
        wrong.append((no_number, f"{bind(name)} || ' is not a number: ' || {text}"))
    wrong.append(("occurred_at is null", "'occurred_at is not a time: ' || occurred_at_text"))
    early = f"occurred_at < timestamptz '{EARLIEST.isoformat()}'"
    wrong.append((early, f"'occurred_at is before {EARLIEST.year}: ' || occurred_at_text"))
    if kind.source.received_at != "occurred_at":
        future = f"occurred_at > {bind(landed_at + AHEAD)}::timestamptz"
        reason = "'occurred_at is more than a day after landing: '"
        wrong.append((future, f"{reason} || occurred_at_text"))
    wrong.append(
        (
            "received_at is null and received_at_text is not null",
            "'received_at is not a time: ' || received_at_text",
        )
    )
    wrong.append(("known_at is null", "'received_at is missing'"))
    wrong.append(
        (
            f"given is null and {shape.payload}_text is not null or {is_no_json('given')}",
            f"'{shape.payload} is not a JSON object: ' || {shape.payload}_text",
        )
    )
    if kind.shape == "tracking":
        wrong.append(_unknown_bounce(rows))
    return wrong


def _unknown_bounce(rows: Rows) -> tuple[str, str]:
    """Find a bounce with an unknown word for its kind: the bounce would suppress nothing."""
    keys = [
        f"json_extract_string({json}, '$.{key}')"
        for json in ("given", "others")
        for key in BOUNCE_KEYS
    ]
    word = f"coalesce({', '.join(keys)})"
    known = rows.parameters.bind([each for words in BOUNCE_TYPES.values() for each in words])
    is_unknown = f"not list_contains({known}::varchar[], {plain_word_sql(word)})"
    return (
        f"case when type_text = 'bounced' then coalesce({is_unknown}, false) end",
        f"'bounce_type is not one of {', '.join(BOUNCE_TYPES)}, nor a known word of a provider: ' "
        f"|| {word}",
    )


def _is_blank(name: str) -> str:
    # trim is slow, and few values begin with a blank.
    text = f"{name}_text"
    return f"({text} is null or case when starts_with({text}, ' ') then trim({text}) = '' end)"


def insert_whole(
    connection: duckdb.DuckDBPyConnection,
    kind: Kind,
    rows: Rows,
    landed_at: datetime,
    file: tuple[str, int],
    is_known: Callable[[pa.UInt64Array], bool],
) -> pa.UInt64Array | None:
    """Insert all rows of a file without a temporary table, if all rows are valid and new.

    Args:
        connection: the warehouse, in a transaction.
        kind: `events` or `tracking`.
        rows: the file.
        landed_at: the landing time.
        file: the file's id and number.
        is_known: whether one of some hashes (ascending) may have landed before.

    Returns:
        The hashes of the inserted rows, ascending; None if a row is invalid or not new. The caller
        then rolls the transaction back.

    """
    checked = check(kind, rows, landed_at)
    before = _last_row(connection, kind)
    file_id, file_no = map(rows.parameters.bind, file)
    try:
        # No filter: a row with a problem has a null event_id, which the table refuses.
        connection.execute(
            f"""insert into raw.{kind.table} by name
                select {_columns(kind)}, {file_id}::varchar as file_id, {file_no}::bigint as file_no
                from ({checked})""",  # noqa: S608 - names of our own tables and columns
            rows.parameters.values,
        )
    except duckdb.ConstraintException:
        return None
    hashes = _hashes_since(connection, kind, before)
    [(distinct,)] = connection.execute(
        f"select count(distinct event_hash) from raw.{kind.table} where rowid > $row",  # noqa: S608
        {"row": before},
    ).fetchall()
    is_new = distinct == len(hashes) and not is_known(hashes)
    return hashes if is_new else None


def reject_conflicts(
    connection: duckdb.DuckDBPyConnection, kind: Kind, checked: str, file_no: int
) -> None:
    """Reject the rows whose event_id came before with other content; `insert` skips equal rows.

    The order of keys in the JSON column is no content, and received_at is none.

    Args:
        connection: the warehouse, not in a transaction or in one.
        kind: `events` or `tracking`.
        checked: the temporary table with the result of `check`, in file order; a row in conflict
            gets a `_problem` and its `_content`.
        file_no: the file's number; only files with a lower number came before.

    """
    shape = _SHAPES[kind.shape]
    words, payload = (*shape.words, "occurred_at"), shape.payload
    same = [f"new.{name} is not distinct from old.{name}" for name in words]
    new, old = f"new.{payload}", f"old.{payload}"
    # json_contains ignores the order and the repetition of a list's elements; a variant does not,
    # but reads long numbers as double.
    same.append(
        f"({new} is not distinct from {old} or coalesce("
        f"json_contains({new}, {old}) and json_contains({old}, {new}) "
        f"and {new}::variant = {old}::variant, false))"
    )
    columns = ", ".join(("event_id", *words, payload))
    connection.execute(
        f"""
        update {checked} as changed set
            _problem = '{CONFLICT}: ' || event_id,
            _content = to_json(struct_pack({columns}))::varchar
        where rowid in (
            with repeated as (
                select event_id, min(rowid) as first_row from {checked}
                where _problem is null group by event_id having count(*) > 1
            ),
            known as (
                select {columns} from raw.{kind.table}
                where file_no < $file_no
                  and event_hash in (select event_hash from {checked} where _problem is null)
            ),
            came_before as (
                select null::bigint as row_number, * from known
                union all
                select first_row as row_number, {columns}
                from {checked} as first inner join repeated using (event_id)
                where first.rowid = repeated.first_row
                  and not exists (select 1 from known where known.event_id = first.event_id)
            )
            select new.rowid
            from {checked} as new inner join came_before as old using (event_id)
            where new._problem is null
              and new.rowid is distinct from old.row_number
              and not ({" and ".join(same)})
        )""",  # noqa: S608 - names of our own tables and columns
        {"file_no": file_no},
    )


def insert(
    connection: duckdb.DuckDBPyConnection, kind: Kind, checked: str, file: tuple[str, int]
) -> pa.UInt64Array:
    """Insert the valid rows with a new event_id; if the file repeats an id, its first row.

    Args:
        connection: the warehouse, in a transaction.
        kind: `events` or `tracking`.
        checked: the temporary table with the result of `check`, in file order; a row with a known
            event_id gets an empty `_problem`, like an empty row.
        file: the file's id and number.

    Returns:
        The hashes of the inserted rows, ascending.

    """
    before = _last_row(connection, kind)
    connection.execute(
        f"""
        update {checked} as changed set _problem = ''
        where rowid in (
            with valid as (
                select rowid as row_number, event_id, event_hash from {checked}
                where _problem is null
            ),
            repeated as (
                select event_id, min(row_number) as first_row from valid
                where event_hash in (
                    select event_hash from valid group by event_hash having count(*) > 1
                )
                group by event_id
            ),
            known as (
                select event_id from raw.{kind.table}
                where event_hash in (select event_hash from valid) and file_no < $file_no
            )
            select row_number from valid inner join repeated using (event_id)
            where row_number <> first_row
            union all
            select row_number from valid semi join known using (event_id)
        )""",  # noqa: S608 - names of our own tables and columns
        {"file_no": file[1]},
    )
    connection.execute(
        f"""insert into raw.{kind.table} by name
            select {_columns(kind)}, $file_id as file_id, $file_no::bigint as file_no
            from {checked} where _problem is null""",  # noqa: S608 - names of our own
        {"file_id": file[0], "file_no": file[1]},
    )
    return _hashes_since(connection, kind, before)


def _last_row(connection: duckdb.DuckDBPyConnection, kind: Kind) -> int:
    # A rowid is never below the number of earlier rows, so the filter skips almost all rows.
    [(last,)] = connection.execute(
        f"""select coalesce(max(rowid), -1) from raw.{kind.table}
            where rowid >= (select count(*) - 1 from raw.{kind.table})"""  # noqa: S608 - ours
    ).fetchall()
    return last


def _hashes_since(connection: duckdb.DuckDBPyConnection, kind: Kind, row: int) -> pa.UInt64Array:
    found = connection.sql(
        f"""select event_hash from raw.{kind.table} where rowid > $row
            order by event_hash""",  # noqa: S608 - names of our own
        params={"row": row},
    )
    return found.to_arrow_table()["event_hash"].combine_chunks()


def rehash(connection: duckdb.DuckDBPyConnection, seen_dir: Path) -> None:
    """Recompute `event_hash` after a DuckDB update that changed the hash function.

    Landing finds an event's id by its hash (see `seen`). DuckDB guarantees the same hash only
    within a version.

    Args:
        connection: the warehouse, not in a transaction.
        seen_dir: the folder with the hash files.

    """
    connection.execute("begin")
    [(is_current,)] = connection.execute(
        "select count(*) > 0 from control.hash_marks where mark = hash('sendhouse')"
    ).fetchall()
    if not is_current:
        rmtree(seen_dir, ignore_errors=True)
        for shape in _SHAPES:
            connection.execute(f"update raw.{shape} set event_hash = hash(event_id)")  # noqa: S608
        connection.execute("delete from control.hash_marks")
        connection.execute("insert into control.hash_marks values (hash('sendhouse'))")
    connection.execute("commit")


def _columns(kind: Kind) -> str:
    """List the columns of a fact's table except `file_id` and `file_no`."""
    shape = _SHAPES[kind.shape]
    words = ["event_id", "event_hash", *shape.words, "occurred_at", "received_at", shape.payload]
    return ", ".join(words)
