"""What the collector answers with 200 lands, and what would not land is refused with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from collector.contract import line_of
from collector.events import RecentIds, parse_events
from collector.webhooks import BadDeliveryError, TrackingEvent
from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings
from dagster_project.landing import create_declared_tables, land_new
from senders.tracking_types import TRACKING_TYPES

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
# A tick lands a row at its clock, which can be an hour before the row came.
LANDED_AT = NOW - timedelta(minutes=59)
EVENT = {
    "contact_key": "ada@example.org",
    "name": "visited",
    "occurred_at": "2026-03-01T09:30:00Z",
    "properties": {},
}
TRACKED = {"type": "opened", "occurred_at": NOW, "send_id": "s", "detail": {}}

TEXTS = [
    "a", "7", "1.5", "1e+5", "12345678901234567890123", "null", "-", '"', "\\", "a,b", "a\r\nb",
    "\ta", " a", "a ", "😀", "é", "a\u2028b", "\x01", "\x7f", "\ufeffa", "=1+1", "a{", "🙂" * 40,
]  # fmt: skip
WRONG_TEXTS = {
    "": "is blank",
    " ": "is blank",
    " \t\n": "is blank",
    "\xa0": "is blank",
    "\u2003\u2028": "is blank",
    "{": "must be plain text",
    '{"id": 7}': "must be plain text",
    "[1]": "must be plain text",
    "[": "must be plain text",
    "a\0b": "contains a NUL",
}
TIMES = [
    "1990-01-01T00:00:00Z", "2026-03-01T09:30Z", "2026-03-01T09:30:00.1234567Z",
    "2026-03-01 09:30:00+05:30", "20260301T093000Z", "2026-W09-7T09:30:00Z",
    "2026-03-02T10:59:59Z", "2026-03-01T09:30:00+01:02:03", "2024-02-29T23:59:59.999999-12:00",
]  # fmt: skip
WRONG_TIMES = {
    "1989-12-31T23:59:59Z": "is before 1990",
    "1990-01-01T00:30:00+01:00": "is before 1990",
    "1970-01-01T00:00:00Z": "is before 1990",
    "0001-01-01T00:00:00Z": "is before 1990",
    "0001-01-01T00:00:00+14:00": "out of range",
    "2026-03-02T11:00:01Z": "is in the future",
    "2062-03-01T09:30:00Z": "is in the future",
    "9999-12-31T23:59:59Z": "is in the future",
    "9999-12-31T23:59:59-14:00": "out of range",
    "10000-01-01T00:00:00Z": "Invalid isoformat",
    "2026-02-30T09:30:00Z": "day",
    "2026-03-01T25:00:00Z": "hour",
}
PROPERTIES = [
    '{"a": 1.10}', '{"a": 1e308}', '{"a": -0.0}', '{"a": 5e-324}', '{"a": 18446744073709551616}',
    '{"": 1}', '{"a": null}', '{"a": "x\\u0000y"}', '{"a/b~c": {"d": []}}', '{"a": "é"}',
    '{"event_id": "x", "_line": 1}', '{"a": ' + "[" * 90 + "]" * 90 + "}",
    '{"a": "' + "x" * 900_000 + '"}', '{"a": "' + "\\u00e9" * 150_000 + '"}',
]  # fmt: skip
WRONG_PROPERTIES = {
    '{"a": 1e400}': "out of range",
    '{"a": [-1e999]}': "out of range",
    '{"a": {"b": ' + "9" * 400 + "}}": "out of range",
    '{"a": "' + "x" * 1_000_000 + '"}': "is too large",
    '{"' + "k" * 1_000_000 + '": 1}': "is too large",
}


def parse(text: str, recent: RecentIds | None = None):
    return parse_events(text.encode(), "application/json", NOW, recent or RecentIds())


def event(number: int, **changes: Any) -> str:
    return json.dumps({"event_id": f"e-{number}", **EVENT, **changes})


def with_properties(number: int, properties: str) -> str:
    return event(number).replace('"properties": {}', f'"properties": {properties}')


def accepted() -> Iterator[str]:
    number = 0
    for field in ("event_id", "contact_key", "name"):
        for value in TEXTS:
            number += 1
            yield event(number, **{field: value})
    for value in TIMES:
        number += 1
        yield event(number, occurred_at=value)
    for properties in PROPERTIES:
        number += 1
        yield with_properties(number, properties)


def tracked() -> Iterator[TrackingEvent]:
    for number, kind in enumerate(TRACKING_TYPES):
        yield TrackingEvent(event_id=f"type-{number}", **TRACKED | {"type": kind})
    for number, word in enumerate(("hard", "Hard-Bounce", "PERMANENT", "soft", "unknown", None)):
        bounced = TRACKED | {"type": "bounced", "detail": {"bounce_type": word, "severity": None}}
        yield TrackingEvent(event_id=f"bounce-{number}", **bounced)
    for number, value in enumerate(TEXTS):
        yield TrackingEvent(event_id=value, **TRACKED)
        yield TrackingEvent(event_id=f"send-{number}", **TRACKED | {"send_id": value})
        mailed = TRACKED | {"send_id": None, "email": value}
        yield TrackingEvent(event_id=f"email-{number}", **mailed)
    for number, properties in enumerate(PROPERTIES):
        detail = json.loads(properties)
        yield TrackingEvent(event_id=f"detail-{number}", **TRACKED | {"detail": detail})


@pytest.mark.parametrize("beside_a_wrong_line", [False, True])
def test_each_accepted_row_lands_with_its_values(tmp_path: Path, beside_a_wrong_line: bool):
    """Also in the reading that a wrong line of the same file needs."""
    events = [row for text in accepted() for row in parse(text).rows]
    assert len(events) == len([*accepted()])
    rows = {"events": events, "tracking": [one.row("p", NOW) for one in tracked()]}
    settings = load_settings(home=tmp_path)
    for kind, some in rows.items():
        folder = settings.landing_dir / kind
        folder.mkdir(parents=True)
        wrong = [b"{torn\n"] if beside_a_wrong_line else []
        (folder / "rows.jsonl").write_bytes(b"".join([*map(line_of, some), *wrong]))
    warehouse.create(settings.warehouse_path)
    with warehouse.connect(settings.warehouse_path) as connection:
        create_declared_tables(connection, settings.project_dir)
        landed = land_new(connection, settings, LANDED_AT)
        rejected = connection.execute("select reason from raw.rejects").fetchall()
        found = connection.execute(
            """select event_id, contact_key, name, epoch_us(occurred_at), properties
            from raw.events"""
        ).fetchall()
    assert [file.error for file in landed] == [None, None]
    assert len(rejected) == 2 * beside_a_wrong_line, rejected
    assert {file.path.name: file.rows_landed for file in landed}
    assert sum(file.rows_landed for file in landed) == sum(map(len, rows.values()))
    assert {
        (id_, key, name, at, in_words(properties)) for id_, key, name, at, properties in found
    } == {
        (
            row["event_id"],
            row["contact_key"],
            row["name"],
            round(datetime.fromisoformat(row["occurred_at"]).timestamp() * 1_000_000),
            in_words(json.dumps(row["properties"])),
        )
        for row in events
    }


def in_words(properties: str) -> str:
    """Properties with each number as text: raw keeps the words of a number that has several."""
    return json.dumps(json.loads(properties, parse_float=str, parse_int=str), sort_keys=True)


def refusals() -> Iterator[tuple[str, str]]:
    for field in ("event_id", "contact_key", "name"):
        for value, reason in WRONG_TEXTS.items():
            yield event(1, **{field: value}), f"{field}: Value error, {reason}"
    for value, reason in WRONG_TIMES.items():
        yield event(1, occurred_at=value), reason
    for properties, reason in WRONG_PROPERTIES.items():
        yield with_properties(1, properties), reason


@pytest.mark.parametrize(
    ("text", "reason"), [pytest.param(*case, id=f"{n}") for n, case in enumerate(refusals())]
)
def test_an_event_that_would_not_land_is_refused_with_the_reason(text: str, reason: str):
    batch = parse(text)
    assert batch.rows == []
    [rejected] = batch.rejected
    [error] = rejected["errors"]
    assert reason in error


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\udc00"', '"a\\ud83d"'])
@pytest.mark.parametrize("field", ["event_id", "name", "properties"])
def test_half_a_character_is_no_json(text: str, field: str):
    value = f'{{"a": {text}}}' if field == "properties" else text
    lines = event(1, **{field: "VALUE"}).replace('"VALUE"', value).encode()
    batch = parse_events(lines, "application/x-ndjson", NOW, RecentIds())
    assert batch.rows == []
    assert "not JSON" in batch.rejected[0]["errors"][0]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "bought"},
        {"contact_key": "bob@example.org"},
        {"occurred_at": "2026-03-01T09:30:01Z"},
        {"properties": {"a": 1}},
    ],
)
@pytest.mark.parametrize("in_one_body", [True, False])
def test_a_used_id_with_other_content_is_refused(change: dict[str, Any], in_one_body: bool):
    recent = RecentIds()
    first, other = event(1), event(1, **change)
    if in_one_body:
        batch = parse(f"[{first}, {other}, {first}]", recent)
        assert [row["name"] for row in batch.rows] == ["visited", "visited"]
    else:
        assert len(parse(first, recent).rows) == 1
        batch = parse(other, recent)
        assert batch.rows == []
        assert len(parse(first, recent).rows) == 1
    [rejected] = batch.rejected
    assert rejected["errors"] == ["event_id: came before with other content"]


def test_the_memory_of_ids_is_bounded():
    recent = RecentIds(size=2)
    for number in (1, 2, 3):
        parse(event(number), recent)
    assert parse(event(3, name="bought"), recent).rows == []
    assert len(parse(event(1, name="bought"), recent).rows) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "landed"}, "has the type 'landed'; known types: sent, delivered"),
        ({"type": "Opened"}, "has the type 'Opened'"),
        ({"type": "opened "}, "has the type 'opened '"),
        ({"event_id": " "}, "the id of an event is blank"),
        ({"event_id": "{7}"}, "the id of an event must be plain text"),
        ({"send_id": "[7]"}, "the send of an event must be plain text"),
        ({"send_id": None, "email": "\t"}, "the email of an event is blank"),
        ({"send_id": None, "email": '{"a": 1}'}, "the email of an event must be plain text"),
        ({"email": "a\0@x.example"}, "the email of an event contains a NUL"),
        ({"email": "\ud800@x.example"}, "not valid Unicode"),
        ({"detail": {"a": float("inf")}}, "out of range"),
        ({"detail": {"a": 10**400}}, "out of range"),
        ({"detail": {"a": "\udfff"}}, "not valid Unicode"),
        ({"detail": {"a": NOW}}, "not JSON: datetime"),
        ({"detail": {7: "a"}}, "a key that is no text"),
        ({"detail": {"a": "x" * 1_000_000}}, "is too large"),
        ({"type": "bounced", "detail": {"bounce_type": "vanished"}}, "unknown kind 'vanished'"),
        ({"type": "bounced", "detail": {"bounceType": ""}}, "unknown kind ''"),
        ({"type": "bounced", "detail": {"severity": 7}}, "unknown kind 7"),
        ({"occurred_at": datetime(1989, 12, 31, tzinfo=UTC)}, "is before 1990"),
        ({"occurred_at": datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))}, "before"),
        ({"occurred_at": NOW + timedelta(days=1)}, "is in the future"),
    ],
)
def test_a_provider_event_that_would_not_land_is_refused_with_the_reason(
    change: dict[str, Any], reason: str
):
    with pytest.raises(BadDeliveryError, match=reason):
        TrackingEvent(**{"event_id": "e", **TRACKED, **change}).row("p", NOW)
