"""Events and tracking: rows with an id that land once, whatever file they come in."""

from __future__ import annotations

from dataclasses import dataclass
from shutil import rmtree
from typing import TYPE_CHECKING

import duckdb

from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.shapes.fields import Fields
from senders.tracking_types import TRACKING_TYPES

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import polars as pl

    from dagster_project.landing.formats.rows import Rows
    from dagster_project.landing.shapes.kinds import Kind
    from dagster_project.landing.store.seen import Seen

_EARLIEST = "1990-01-01 00:00:00+00"
"""Before this nobody did anything that a program wrote down: it is an empty or broken clock."""
_NUMBER = "decimal(18, 4)"


@dataclass(frozen=True)
class _Shape:
    """What one kind of fact looks like."""

    words: dict[str, str]
    """Text columns; the value is SQL of what an empty one means."""
    one_of: tuple[tuple[str, ...], ...]
    """Of each of these groups of columns, one must have a value."""
    names: tuple[str, ...]
    """Columns that name something, and so must not have lost digits."""
    payload: str
    """The JSON object that takes all other columns."""
    allowed: dict[str, tuple[str, ...]]
    """Columns with a closed list of values."""


_SHAPES = {
    "events": _Shape(
        words={"contact_key": "null", "name": "null"},
        one_of=(("contact_key",), ("name",), ("occurred_at",)),
        names=("event_id", "contact_key"),
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


def judge(kind: Kind, rows: Rows, landed_at: datetime) -> str:
    """Write SQL that gives every row's values, or the problem with it and its content.

    Args:
        kind: `events` or `tracking`, and the source's mapping.
        rows: the file.
        landed_at: when it lands. A row that says it occurred more than a day later is wrong, except
            in a source that brings history and has its own clock (`received_at = "occurred_at"`).

    Returns:
        A SELECT over `rows.parameters`: `_line` if the rows are numbered; event_id, its hash, the
        shape's columns, occurred_at, received_at; `_problem`, `_content`.

    Raises:
        FileRejectedError: the file has no column for something that every row needs.

    """
    shape = _SHAPES[kind.shape]
    fields = Fields(rows, kind.source, "event_id")
    for group in shape.one_of:
        if not any(map(fields.has, group)):
            raise FileRejectedError(f"the file has no column {' or '.join(group)}")

    ours = ("event_id", *shape.words, "occurred_at", "received_at", shape.payload)
    line = "_line, " if rows.numbered else ""
    read = {f"{name}_text": fields.text(name) for name in ours}
    read |= {f"{name}_inexact": fields.is_inexact(name) for name in shape.names}
    read |= {name: fields.instant(name) for name in ("occurred_at", "received_at")}
    numbers = _numbers(kind, fields)
    for place, name in enumerate(numbers):
        read |= {f"told_{place}": fields.text(name), f"number_{place}": fields.number(name)}
    read["others"] = fields.others((*ours, *numbers))
    read["unreadable"] = rows.problem()

    learnt_at = f"coalesce(received_at, {fields.received_at(landed_at, 'occurred_at')})"
    given = f"{shape.payload}_text"
    given = f"case when starts_with(ltrim({given}), '{{') then try_cast({given} as json) end"
    cases = " ".join(
        f"when {is_so} then {reason}" for is_so, reason in _wrong(kind, rows, numbers, landed_at)
    )
    others = "others"
    if numbers:
        pairs = ", ".join(
            f"{rows.parameters.bind(name)}::varchar, number_{place}::{_NUMBER}"
            for place, name in enumerate(numbers)
        )
        others = f"json_merge_patch(others, json_object({pairs}))"
    # The file's own object wins over columns beside it.
    payload = f"""case
        when wrong is not null then null
        when given is null then {others}
        when {others}::varchar = '{{}}' then given
        else json_merge_patch({others}, given)
    end"""
    words = {name: f"coalesce({name}_text, {empty})" for name, empty in shape.words.items()}
    told = [*(f"coalesce({name}, '')" for name in shape.words), "epoch_us(occurred_at)", "payload"]
    event_id = f"coalesce(event_id_text, md5(concat_ws(chr(31), {', '.join(told)})))"
    return f"""
        select {line}
            case when wrong is null then {event_id} end as event_id, hash(event_id) as event_hash,
            {", ".join(shape.words)}, occurred_at, learnt_at as received_at,
            payload as {shape.payload}, wrong as _problem,
            case when wrong is not null then {rows.content()} end as _content
        from (
            select *, {_named(words)}, {payload} as payload
            from (
                select *, case {cases} end as wrong
                from (
                    select *, {learnt_at} as learnt_at, {given} as given
                    from (select *, {_named(read)} from {rows.relation()})
                )
            )
        )"""  # noqa: S608 - names of our own columns; what comes from outside is bound


def _named(values: dict[str, str]) -> str:
    return ", ".join(f"{sql} as {name}" for name, sql in values.items())


def _numbers(kind: Kind, fields: Fields) -> list[str]:
    """Name the properties that the source's decimal sign is of interest for."""
    if kind.source.decimal is None:
        return []
    return [name for name in kind.source.numbers if fields.has(name)]


def _wrong(
    kind: Kind, rows: Rows, numbers: list[str], landed_at: datetime
) -> list[tuple[str, str]]:
    """List what can be wrong with a row, the first that is so being told: (condition, reason)."""
    shape, bind = _SHAPES[kind.shape], rows.parameters.bind
    wrong = [("unreadable is not null", "unreadable")]
    for group in shape.one_of:
        empty = " and ".join(map(_is_blank, group))
        wrong.append((empty, f"'{' or '.join(group)} is missing'"))
    for name in ("event_id", *shape.words):
        nested = f"starts_with({name}_text, '{{') or starts_with({name}_text, '[')"
        wrong.append((nested, f"'{name} is not plain text: ' || {name}_text"))
    for name in shape.names:
        reason = f"'{name} is a number that may have lost digits, write it as text: '"
        wrong.append((f"{name}_inexact", f"{reason} || {name}_text"))
    for name, allowed in shape.allowed.items():
        among = f"list_contains({bind(list(allowed))}::varchar[], {name}_text)"
        wrong.append((f"not {among}", f"'{name} is none of {', '.join(allowed)}: ' || {name}_text"))
    if kind.source.id:
        wrong.append(("event_id_text is null", "'the id is missing'"))
    for place, name in enumerate(numbers):
        told = f"told_{place}"
        no_number = f"{told} is not null and try_cast(number_{place} as {_NUMBER}) is null"
        wrong.append((no_number, f"{bind(name)} || ' is not a number: ' || {told}"))
    wrong.append(("occurred_at is null", "'occurred_at is not a time: ' || occurred_at_text"))
    early = f"occurred_at < timestamptz '{_EARLIEST}'"
    wrong.append((early, f"'occurred_at is before {_EARLIEST[:4]}: ' || occurred_at_text"))
    if kind.source.received_at != "occurred_at":
        future = f"occurred_at > {bind(landed_at)}::timestamptz + interval 1 day"
        told = "'occurred_at is more than a day after landing: ' || occurred_at_text"
        wrong.append((future, told))
    wrong.append(
        (
            "received_at is null and received_at_text is not null",
            "'received_at is not a time: ' || received_at_text",
        )
    )
    wrong.append(("learnt_at is null", "'received_at is missing'"))
    wrong.append(
        (
            f"given is null and {shape.payload}_text is not null",
            f"'{shape.payload} is not a JSON object: ' || {shape.payload}_text",
        )
    )
    return wrong


def _is_blank(name: str) -> str:
    # trim is dear, and few values begin with a blank.
    text = f"{name}_text"
    return f"({text} is null or case when starts_with({text}, ' ') then trim({text}) = '' end)"


def insert_whole(
    connection: duckdb.DuckDBPyConnection,
    kind: Kind,
    rows: Rows,
    landed_at: datetime,
    file: tuple[str, int],
    seen: Seen,
) -> pl.Series | None:
    """Add all rows of a file in which all are right and new, with nothing written in between.

    Args:
        connection: the warehouse, in a transaction.
        kind: `events` or `tracking`.
        rows: the file.
        landed_at: when it lands.
        file: its id and its number.
        seen: what has landed.

    Returns:
        The hashes of the rows that were added, ascending; None if one is not right or not new, and
        the transaction is void.

    """
    judged = judge(kind, rows, landed_at)
    before = _last_row(connection, kind)
    file_id, file_no = map(rows.parameters.bind, file)
    try:
        # No filter: a row with a problem has no event_id, which the table refuses.
        connection.execute(
            f"""insert into raw.{kind.table} by name
                select {_columns(kind)}, {file_id}::varchar as file_id, {file_no}::bigint as file_no
                from ({judged})""",  # noqa: S608 - names of our own tables and columns
            rows.parameters.values,
        )
    except duckdb.ConstraintException:
        return None
    hashes = _hashes_since(connection, kind, before)
    is_new = hashes.n_unique() == len(hashes) and not seen.has_any(hashes)
    return hashes if is_new else None


def insert(
    connection: duckdb.DuckDBPyConnection, kind: Kind, judged: str, file: tuple[str, int]
) -> pl.Series:
    """Add the rows that are right and whose event_id is new; of one id in the file, the first.

    Args:
        connection: the warehouse, in a transaction.
        kind: `events` or `tracking`.
        judged: the table made from `judge`, in file order.
        file: its id and its number.

    Returns:
        The hashes of the rows that were added, ascending.

    """
    before = _last_row(connection, kind)
    connection.execute(
        f"""
        insert into raw.{kind.table} by name
        with repeated as (
            select event_id, min(rowid) as first_row from {judged}
            where _problem is null group by event_id having count(*) > 1
        ),
        known as (
            select event_id from raw.{kind.table}
            where event_hash in (select event_hash from {judged} where _problem is null)
        )
        select {_columns(kind)}, $file_id as file_id, $file_no::bigint as file_no
        from {judged} as new
        where _problem is null
          and not exists (select 1 from known where known.event_id = new.event_id)
          and not exists (
            select 1 from repeated
            where repeated.event_id = new.event_id and repeated.first_row <> new.rowid
          )
        """,  # noqa: S608 - names of our own tables and columns
        {"file_id": file[0], "file_no": file[1]},
    )
    return _hashes_since(connection, kind, before)


def _last_row(connection: duckdb.DuckDBPyConnection, kind: Kind) -> int:
    # No rowid is less than the number of rows that came before it: the rest is a short look.
    [(last,)] = connection.execute(
        f"""select coalesce(max(rowid), -1) from raw.{kind.table}
            where rowid >= (select count(*) - 1 from raw.{kind.table})"""  # noqa: S608 - ours
    ).fetchall()
    return last


def _hashes_since(connection: duckdb.DuckDBPyConnection, kind: Kind, row: int) -> pl.Series:
    found = connection.sql(
        f"select event_hash from raw.{kind.table} where rowid > $row",  # noqa: S608 - ours
        params={"row": row},
    )
    return found.pl().to_series().sort()


def rehash(connection: duckdb.DuckDBPyConnection, seen_dir: Path) -> None:
    """Bring `event_hash` up to date where DuckDB hashes differently than when it was written.

    An event's hash is how its id is found among all that landed (see `seen`). DuckDB promises the
    same hash within a version only.

    Args:
        connection: the warehouse, not in a transaction.
        seen_dir: where the hashes are kept beside the warehouse.

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
    """Name what a fact's table has besides `file_id` and `file_no`."""
    shape = _SHAPES[kind.shape]
    words = ["event_id", "event_hash", *shape.words, "occurred_at", "received_at", shape.payload]
    return ", ".join(words)
