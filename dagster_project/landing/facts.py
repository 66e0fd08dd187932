"""Events and tracking: rows with an id that land once, whatever file they come in."""

from __future__ import annotations

from dataclasses import dataclass


from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.fields import Fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster_project.landing.readers import Rows
    from dagster_project.landing.kinds import Kind
    import duckdb
    from datetime import datetime

TRACKING_TYPES = (
    "sent",
    "delivered",
    "deferred",
    "bounced",
    "complained",
    "opened",
    "clicked",
    "replied",
    "autoresponded",
    "unsubscribed",
    "subscribed",
    "rejected",
    "unknown",
)


@dataclass(frozen=True)
class _Shape:
    """What one kind of fact looks like."""

    words: dict[str, str]
    """Text columns; the value is SQL of what an empty one means."""
    one_of: tuple[tuple[str, ...], ...]
    """Of each of these groups of columns, one must have a value."""
    payload: str
    """The JSON object that takes all other columns."""
    allowed: dict[str, tuple[str, ...]]
    """Columns with a closed list of values."""


_SHAPES = {
    "events": _Shape(
        words={"contact_key": "null", "name": "null"},
        one_of=(("contact_key",), ("name",), ("occurred_at",)),
        payload="properties",
        allowed={},
    ),
    "tracking": _Shape(
        words={"send_id": "null", "email": "null", "type": "null", "provider": "'file'"},
        one_of=(("send_id", "email"), ("type",), ("occurred_at",)),
        payload="detail",
        allowed={"type": TRACKING_TYPES},
    ),
}


def judge(kind: Kind, rows: Rows, landed_at: datetime) -> str:
    """SQL that gives every row of the file: its values, or the problem with it and its content.

    Args:
        kind: `events` or `tracking`, and the source's mapping.
        rows: the file.
        landed_at: when it lands. A row that says it occurred more than a day later is wrong, except
            in a source that brings history and has its own clock (`received_at = "occurred_at"`).

    Returns:
        A SELECT over `rows.parameters`: `_line` if the rows are numbered; event_id, the shape's
        columns, occurred_at, received_at; `_problem`, `_content`.

    Raises:
        FileRejectedError: the file has no column for something that every row needs.

    """
    shape = _SHAPES[kind.shape]
    fields = Fields(rows, kind.source)
    for group in shape.one_of:
        if not any(map(fields.has, group)):
            raise FileRejectedError(f"the file has no column {' or '.join(group)}")

    bind = rows.parameters.bind
    ours = ("event_id", *shape.words, "occurred_at", "received_at", shape.payload)
    values = {f"{name}_text": fields.text(name) for name in ours}
    values |= {name: fields.instant(name) for name in ("occurred_at", "received_at")}
    values["others"] = fields.others(ours)
    values["unreadable"] = rows.problem()
    values["shown"] = rows.content()

    wrong = [("unreadable is not null", "unreadable")]
    for group in shape.one_of:
        empty = " and ".join(f"coalesce(trim({name}_text), '') = ''" for name in group)
        wrong.append((empty, f"'{' or '.join(group)} is missing'"))
    wrong += [
        (f"left({name}_text, 1) in ('{{', '[')", f"'{name} is not plain text: ' || {name}_text")
        for name in ("event_id", *shape.words)
    ]
    wrong += [
        (
            f"not list_contains({bind(list(allowed))}::varchar[], {name}_text)",
            f"'{name} is none of {', '.join(allowed)}: ' || {name}_text",
        )
        for name, allowed in shape.allowed.items()
    ]
    wrong.append(("occurred_at is null", "'occurred_at is not a time: ' || occurred_at_text"))
    if kind.source.received_at != "occurred_at":
        wrong.append(
            (
                f"occurred_at > {bind(landed_at)}::timestamptz + interval 1 day",
                "'occurred_at is more than a day after landing: ' || occurred_at_text",
            )
        )
    wrong += [
        (
            "received_at is null and received_at_text is not null",
            "'received_at is not a time: ' || received_at_text",
        ),
        ("learnt_at is null", "'received_at is missing'"),
        (
            f"{shape.payload}_text is not null and not "
            f"(json_valid({shape.payload}_text) and starts_with(ltrim({shape.payload}_text), '{{'))",
            f"'{shape.payload} is not a JSON object: ' || {shape.payload}_text",
        ),
    ]
    learnt_at = f"coalesce(received_at, {fields.received_at(landed_at, 'occurred_at')})"
    # The file's own object wins over columns beside it.
    payload = f"""case
        when {shape.payload}_text is null then others
        when others::varchar = '{{}}' then {shape.payload}_text::json
        else json_merge_patch(others, {shape.payload}_text::json)
    end"""
    words = {name: f"coalesce({name}_text, {empty})" for name, empty in shape.words.items()}
    content_id = f"""md5(concat_ws(chr(31), {
        ", ".join(f"coalesce({name}, '')" for name in shape.words)
    }, epoch_us(occurred_at), payload::varchar))"""
    line = "_line, " if rows.numbered else ""
    return f"""
        select {line}
            case when _problem is null then coalesce(event_id_text, {content_id}) end as event_id,
            {", ".join(shape.words)}, occurred_at, learnt_at as received_at,
            payload as {shape.payload}, _problem,
            case when _problem is not null then shown end as _content
        from (
            select *,
                {", ".join(f"{sql} as {name}" for name, sql in words.items())},
                case when _problem is null then {payload} end as payload
            from (
                select *, case {_cases(wrong)} end as _problem
                from (
                    select *, {learnt_at} as learnt_at
                    from (
                        select {line} {", ".join(f"{sql} as {name}" for name, sql in values.items())}
                        from {rows.relation()}
                    )
                )
            )
        )"""


def _cases(wrong: list[tuple[str, str]]) -> str:
    return " ".join(f"when {condition} then {reason}" for condition, reason in wrong)


def insert(connection: duckdb.DuckDBPyConnection, kind: Kind, judged: str, file_id: str) -> int:
    """Add the rows that are right and whose event_id is new; of one id in the file, the first.

    Args:
        connection: the warehouse, in a transaction.
        kind: `events` or `tracking`.
        judged: the table made from `judge`, in file order.
        file_id: the file.

    Returns:
        How many rows were added.

    """
    shape = _SHAPES[kind.shape]
    columns = ", ".join(["event_id", *shape.words, "occurred_at", "received_at", shape.payload])
    row = connection.execute(
        f"""
        insert into raw.{kind.table} by name
        with repeated as (
            select event_id, min(rowid) as first_row from {judged}
            where _problem is null group by event_id having count(*) > 1
        )
        select {columns}, $file_id as file_id
        from {judged} as new
        where _problem is null
          and not exists (select 1 from raw.{kind.table} as old where old.event_id = new.event_id)
          and not exists (
            select 1 from repeated
            where repeated.event_id = new.event_id and repeated.first_row <> new.rowid
          )
        """,  # noqa: S608 - names of our own tables and columns
        {"file_id": file_id},
    ).fetchone()
    return row[0] if row else 0
