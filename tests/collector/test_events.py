import json
from datetime import UTC, datetime

import pytest

from collector.events import BadBodyError, RecentIds, parse_events

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENT = {
    "event_id": "e-1",
    "contact_key": "ada@example.org",
    "name": "signed_up",
    "occurred_at": "2026-03-01T09:30:00Z",
    "properties": {"plan": "pro", "seats": 3, "tags": ["a", None]},
}


def parse(document: object):
    return parse_events(json.dumps(document).encode(), "application/json", NOW, RecentIds())


def errors_of(**changes: object) -> str:
    batch = parse([EVENT | changes])
    assert batch.rows == []
    (rejected,) = batch.rejected
    return "\n".join(rejected["errors"])


def test_one_object_is_one_event():
    assert parse(EVENT).rows == [EVENT | {"occurred_at": "2026-03-01T09:30:00+00:00"}]


def test_an_array_keeps_its_order():
    rows = parse([EVENT | {"event_id": f"e-{n}"} for n in range(3)]).rows
    assert [row["event_id"] for row in rows] == ["e-0", "e-1", "e-2"]


@pytest.mark.parametrize(
    "content_type", ["application/x-ndjson", "Application/JSONL; charset=utf-8"]
)
def test_lines_are_counted_from_0_and_a_torn_line_rejects_only_itself(content_type: str):
    good = json.dumps(EVENT).encode()
    batch = parse_events(good + b"\r\n\n{oops\n" + good, content_type, NOW, RecentIds())
    assert len(batch.rows) == 2
    (rejected,) = batch.rejected
    assert rejected["index"] == 2
    assert rejected["errors"][0].startswith("not JSON")


@pytest.mark.parametrize("body", [b"", b"{", b"{}{}", b"\xff", b'{"a": NaN}', b"[" * 100_000])
def test_a_body_that_is_not_json_is_refused(body: bytes):
    with pytest.raises(BadBodyError, match="not JSON"):
        parse_events(body, "application/json", NOW, RecentIds())


def test_a_time_with_an_offset_is_converted_to_utc():
    (row,) = parse(EVENT | {"occurred_at": "2026-03-01T09:30:00+02:00"}).rows
    assert row["occurred_at"] == "2026-03-01T07:30:00+00:00"


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-01T09:30:00",
        "2026-03-01",
        "1772357400",
        "soon",
        "",
        1772357400,
        None,
        True,
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_a_time_without_an_instant_is_rejected(value: object):
    assert "occurred_at: " in errors_of(occurred_at=value)


@pytest.mark.parametrize("key", ["contact_key", "name", "event_id"])
@pytest.mark.parametrize("value", ["", 7, ["a"], "x" * 2000])
def test_a_key_that_is_not_text_or_has_a_wrong_length_is_rejected(key: str, value: object):
    assert f"{key}: " in errors_of(**{key: value})


@pytest.mark.parametrize("value", [None, [], "x", 7])
def test_properties_that_are_not_an_object_are_rejected(value: object):
    assert "properties: " in errors_of(properties=value)


def test_an_event_with_an_unknown_key_is_rejected():
    assert "plan: " in errors_of(plan="pro")


@pytest.mark.parametrize("item", [None, 7, "x", []])
def test_an_item_that_is_not_an_object_is_rejected(item: object):
    batch = parse([item, EVENT])
    assert [rejected["index"] for rejected in batch.rejected] == [0]
    assert len(batch.rows) == 1


def test_an_event_without_an_id_gets_the_same_id_every_time():
    anonymous = {key: value for key, value in EVENT.items() if key != "event_id"}
    moved = anonymous | {"properties": dict(reversed(EVENT["properties"].items()))}
    ids = [parse(event).rows[0]["event_id"] for event in (anonymous, moved)]
    assert ids[0] == ids[1]


def test_different_events_get_different_ids():
    anonymous = {key: value for key, value in EVENT.items() if key != "event_id"}
    variants = [
        anonymous,
        anonymous | {"name": "signed_in"},
        anonymous | {"contact_key": "bob@example.org"},
        anonymous | {"occurred_at": "2026-03-01T09:30:01Z"},
        anonymous | {"properties": {}},
    ]
    assert len({parse(event).rows[0]["event_id"] for event in variants}) == len(variants)
