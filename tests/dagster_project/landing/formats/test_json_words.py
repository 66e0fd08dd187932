"""Raw keeps the numbers of JSON in the words they came in."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.dagster_project.landing.conftest import Landing

NUMBERS = [
    "1.10",
    "1E2",
    "1e2",
    "1.50e+3",
    "-2.500",
    "0.1234567890123456789",
    "12345678901234567890123",
    "-98765432109876543210987",
    "9007199254740993",
    "100.0",
    "100.00",
    "1e400",
    "-0",
    "-0.0",
    "0.000",
    "1e-7",
    "3.14",
    "7",
    "2.505",
    "10.0e0",
]
EVENT = '{{"event_id":"{n}","contact_key":"k","name":"n","occurred_at":"2024-05-01",{more}}}\n'


@pytest.mark.parametrize("other", ["", '{"id":"x","other":1}\n', "broken\n"])
def test_crm_records(landing: Landing, other: str):
    """`other` is a line that makes landing take a slower reading."""
    lines = "".join(f'{{"id":"{n}","v": {text}}}\n' for n, text in enumerate(NUMBERS))
    landing.land_one("crm/own/things/a.jsonl", lines + other)
    assert landing.rows("select v from raw.own__things where id <> 'x' order by _line") == [
        (text,) for text in NUMBERS
    ]


@pytest.mark.parametrize("shape", ["[{}]", '{{"records": [{}]}}'])
def test_documents(landing: Landing, shape: str):
    records = ", ".join(f'{{"id": "{n}", "v":{text}}}' for n, text in enumerate(NUMBERS))
    landing.land_one("crm/own/things/a.json", shape.format(records))
    assert landing.rows("select v from raw.own__things order by id::int") == [
        (text,) for text in NUMBERS
    ]


@pytest.mark.parametrize("more", ['"v":{}', '"properties":{{"v":{}}}', '"properties":{{"a":[{}]}}'])
def test_properties_of_events(landing: Landing, more: str):
    lines = [EVENT.format(n=n, more=more.format(text)) for n, text in enumerate(NUMBERS)]
    landing.land_one("events/a.jsonl", "".join(lines))
    found = landing.rows("select properties::varchar from raw.events order by event_id::int")
    for (properties,), text in zip(found, NUMBERS, strict=True):
        values = _words(properties)
        assert text in values, (properties, text)


def test_a_cell_with_json_beside_other_columns(landing: Landing):
    rows = "".join(f'{n},k,n,2024-05-01,"{{""v"": {text}}}",x\n' for n, text in enumerate(NUMBERS))
    landing.land_one(
        "events/a.csv", f"event_id,contact_key,name,occurred_at,properties,other\n{rows}"
    )
    found = landing.rows("select properties::varchar from raw.events order by event_id::int")
    for (properties,), text in zip(found, NUMBERS, strict=True):
        assert text in _words(properties), (properties, text)


@pytest.mark.parametrize(
    "text",
    [
        'price: 1.10, "2.20"',
        "a\\",
        ': 1E2,"x": 1.10',
        '\\": 1.10',
        "[1.10,2.50]",
        "1.10",
        "é 1.10 \u2028",
        "\t:1.10\n",
        '{"v": 1.10}',
        "",
    ],
)
def test_numbers_in_strings_stay_as_they_are(landing: Landing, text: str):
    rows = [{"id": "1", "s": text, "k: 1.10": "x"}, {"id": "2", "s": text, "k: 1.10": "x"}]
    lines = "".join(json.dumps(row, ensure_ascii=False)[:-1] + ', "v": 1.50}\n' for row in rows)
    landing.land_one("crm/own/things/a.jsonl", lines)
    assert landing.rows('select s, v, "k: 1.10" from raw.own__things') == [
        (text, "1.50", "x"),
        (text, "1.50", "x"),
    ]


@pytest.mark.parametrize(
    ("number", "lands"),
    [
        ("12345678901234567890123", True),
        ("42", True),
        ("1e21", False),
        ("1E2", False),
        ("1.10", False),
        ("1.5", False),
        ("1.2345678901234567e+22", False),
        ('"1e21"', True),
        ('"1.10"', True),
    ],
)
@pytest.mark.parametrize("other", ["", "broken\n"])
def test_an_id_in_its_words_is_exact_unless_it_is_no_whole_number(
    landing: Landing, number: str, lands: bool, other: str
):
    line = '{"event_id":' + number + ',"contact_key":"k","name":"n","occurred_at":"2024-05-01"}\n'
    landed = landing.land_one("events/a.jsonl", line + other)
    assert landed.rows_landed == lands
    if lands:
        assert landing.rows("select event_id from raw.events") == [(number.strip('"'),)]
    else:
        assert "may have lost digits" in landing.rejects()[0][1]


def test_random_objects_keep_every_number_and_string(landing: Landing):
    chance = random.Random(5)
    texts = [_value(chance, 3) for _ in range(300)]
    lines = "".join(f'{{"id":"{n}","v":{text}}}\n' for n, text in enumerate(texts))
    landing.land_one("crm/own/things/a.jsonl", lines)
    found = landing.rows("select coalesce(v, '') from raw.own__things order by id::int")
    for (value,), text in zip(found, texts, strict=True):
        expected = json.loads(text, parse_float=str, parse_int=str)
        if isinstance(expected, dict | list):
            assert json.loads(value, parse_float=str, parse_int=str) == expected
        else:
            assert value == ("" if expected is None else str(expected))


def _value(chance: random.Random, depth: int) -> str:
    kind = chance.randrange(4 if depth else 2)
    blank = chance.choice(["", " ", "  "])
    if kind == 0:
        return chance.choice(NUMBERS)
    if kind == 1:
        pieces = ["1.10", '"', "\\", ": ", ",", "[", "2E5", "é", "x", "\n"]
        return json.dumps("s" + "".join(chance.choices(pieces, k=6)), ensure_ascii=False)
    inner = [_value(chance, depth - 1) for _ in range(chance.randrange(1, 4))]
    if kind == 2:
        return f"[{blank}{f',{blank}'.join(inner)}]"
    return "{" + ", ".join(f'"k{n}":{blank}{one}' for n, one in enumerate(inner)) + "}"


def _words(properties: str) -> list[Any]:
    """The scalars of an object of one level, with numbers as they are written."""
    found: list[Any] = []
    for value in json.loads(properties, parse_float=str, parse_int=str).values():
        found += value if isinstance(value, list) else [value]
    return found


NO_NUMBERS = ["NaN", "nan", "-NaN", "Infinity", "-inf", "[1, NaN]", '{"a": -Infinity}']


@pytest.mark.parametrize("other", ["", '{"id":"x","other":1}\n'])
def test_a_record_with_a_value_that_json_has_not_is_rejected(landing: Landing, other: str):
    """DuckDB takes NaN and infinities as JSON."""
    good = json.dumps({"id": "1", "v": 'said ": NaN", [inf, -Infinity'})
    lines = "".join(f'{{"id":"2","v": {text}}}\n' for text in NO_NUMBERS)
    landed = landing.land_one("crm/own/things/a.jsonl", f"{good}\n{lines}{other}")
    assert (landed.rows_landed, landed.rows_rejected) == (1 + bool(other), len(NO_NUMBERS))
    assert landing.rows("select distinct line - 1, reason from raw.rejects order by all") == [
        (number, "not a JSON object") for number, _ in enumerate(NO_NUMBERS, start=1)
    ]


@pytest.mark.parametrize("text", NO_NUMBERS)
@pytest.mark.parametrize("more", ['"v":{}', '"properties":{{"v":{}}}'])
def test_an_event_with_a_value_that_json_has_not_is_rejected(landing: Landing, more, text):
    landed = landing.land_one(
        "events/a.jsonl",
        EVENT.format(n=1, more=more.format(text)) + EVENT.format(n=2, more='"v":1'),
    )
    assert (landed.rows_landed, landed.rows_rejected) == (1, 1)


def test_properties_in_a_csv_file_with_a_value_that_json_has_not_are_rejected(landing: Landing):
    head = "event_id,contact_key,name,occurred_at,other,properties\n"
    rows = [f'{n},k,n,2024-05-01,o,"{{""v"": {text}}}"\n' for n, text in enumerate(("NaN", "1.10"))]
    landed = landing.land_one("events/a.csv", head + "".join(rows))
    assert (landed.rows_landed, landed.rows_rejected) == (1, 1)
