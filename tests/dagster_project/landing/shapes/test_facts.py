from __future__ import annotations

import json
from datetime import timedelta

import pytest

from dagster_project.landing.shapes.facts import TRACKING_TYPES
from tests.dagster_project.landing.conftest import NOON

EVENTS = """select event_id, contact_key, name, occurred_at::varchar, received_at::varchar,
                   properties::varchar from raw.events order by event_id"""


def event(**changes) -> str:
    row = {"event_id": "e1", "contact_key": "a", "name": "n", "occurred_at": "2024-06-01T10:00:00Z"}
    row = {key: value for key, value in (row | changes).items() if value is not ...}
    return json.dumps(row) + "\n"


def test_an_event_becomes_a_row(landing):
    landed = landing.land_one("events/a.jsonl", event(properties={"plan": "pro", "seats": 3}))
    assert (landed.rows_landed, landed.rows_rejected, landed.error) == (1, 0, None)
    assert landing.rows(EVENTS) == [
        (
            "e1",
            "a",
            "n",
            "2024-06-01 10:00:00+00",
            "2024-06-01 12:00:00+00",
            '{"plan":"pro","seats":3}',
        )
    ]
    assert landing.rows("select file_id from raw.events") == [(landed.file_id,)]


def test_other_keys_become_properties_and_the_properties_object_takes_precedence(landing):
    landing.land_one("events/a.jsonl", event(plan="free", url="/x", properties={"plan": "pro"}))
    ((properties,),) = landing.rows("select properties from raw.events")
    assert json.loads(properties) == {"plan": "pro", "url": "/x"}


def test_columns_of_a_csv_file_become_properties_unless_empty(landing):
    landing.land_one(
        "events/a.csv",
        "event_id,contact_key,name,occurred_at,plan,note,properties\n"
        'e1,a,n,2024-06-01,pro,,"{""seats"":3}"\n',
    )
    ((properties,),) = landing.rows("select properties from raw.events")
    assert json.loads(properties) == {"plan": "pro", "seats": 3}


def test_parquet_values_keep_their_types_in_properties(landing):
    landing.put_parquet(
        "events/a.parquet",
        """select 'e1' as event_id, 7 as contact_key, 'n' as name,
                  timestamp '2024-06-01 10:00:00' as occurred_at, 2.5 as amount, [1, 2] as items,
                  {'city': 'Kyiv'} as place""",
    )
    landing.land()
    ((_, key, _, occurred_at, _, properties),) = landing.rows(EVENTS)
    assert (key, occurred_at) == ("7", "2024-06-01 10:00:00+00")
    assert json.loads(properties) == {"amount": 2.5, "items": [1, 2], "place": {"city": "Kyiv"}}


def test_a_struct_column_named_properties_becomes_the_properties(landing):
    landing.put_parquet(
        "events/a.parquet",
        """select 'a' as contact_key, 'n' as name, date '2024-06-01' as occurred_at,
                  {'plan': 'pro'} as properties""",
    )
    landing.land()
    assert landing.rows("select properties::varchar from raw.events") == [('{"plan":"pro"}',)]


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2024-06-01T10:00:00Z", "UTC", "2024-06-01 10:00:00+00"),
        ("2024-06-01T10:00:00.123456+02:00", "UTC", "2024-06-01 08:00:00.123456+00"),
        ("2024-06-01 10:00:00-0330", "UTC", "2024-06-01 13:30:00+00"),
        ("2024-06-01 10:00:00", "UTC", "2024-06-01 10:00:00+00"),
        ("2024-06-01 10:00:00", "Europe/Berlin", "2024-06-01 08:00:00+00"),
        ("2024-01-01T10:00", "Europe/Berlin", "2024-01-01 09:00:00+00"),
        ("2024-06-01T10:00:00+05:00", "Europe/Berlin", "2024-06-01 05:00:00+00"),
        ("2024-06-01", "Europe/Berlin", "2024-05-31 22:00:00+00"),
    ],
)
@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_a_time_without_an_offset_is_in_the_source_s_time_zone(
    make_landing, text, zone, instant, ending
):
    landing = make_landing(shop={"as": "events", "timezone": zone})
    if ending == "csv":
        landing.put("shop/a.csv", f"contact_key,name,occurred_at\na,n,{text}\n")
    else:
        landing.put("shop/a.jsonl", event(occurred_at=text))
    landing.land()
    assert landing.rows("select occurred_at::varchar from raw.events") == [(instant,)]


def test_parquet_timestamps_without_a_zone_are_in_the_source_s_time_zone(make_landing):
    landing = make_landing(shop={"as": "events", "timezone": "Europe/Berlin"})
    landing.put_parquet(
        "shop/a.parquet",
        """select 'a' as contact_key, 'n' as name, timestamp '2024-06-01 10:00:00' as occurred_at,
                  timestamptz '2024-06-01 11:00:00+00' as received_at""",
    )
    landing.land()
    assert landing.rows("select occurred_at::varchar, received_at::varchar from raw.events") == [
        ("2024-06-01 08:00:00+00", "2024-06-01 11:00:00+00")
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"contact_key": ...}, "contact_key or company_key is missing"),
        ({"contact_key": None}, "contact_key or company_key is missing"),
        ({"contact_key": "  "}, "contact_key or company_key is missing"),
        ({"contact_key": {"id": 1}}, 'contact_key is not plain text: {"id":1}'),
        ({"name": ""}, "name is missing"),
        ({"name": ["n"]}, 'name is not plain text: ["n"]'),
        ({"occurred_at": ...}, "occurred_at is missing"),
        ({"occurred_at": "yesterday"}, "occurred_at is not a time: yesterday"),
        ({"occurred_at": "31/05/2024"}, "occurred_at is not a time: 31/05/2024"),
        ({"occurred_at": 1717200000}, "occurred_at is not a time: 1717200000"),
        ({"occurred_at": "infinity"}, "occurred_at is not a time: infinity"),
        (
            {"occurred_at": "2024-02-30T00:00:00Z"},
            "occurred_at is not a time: 2024-02-30T00:00:00Z",
        ),
        ({"received_at": "soon"}, "received_at is not a time: soon"),
        ({"properties": [1]}, "properties is not a JSON object: [1]"),
        ({"properties": "{bad"}, "properties is not a JSON object: {bad"),
    ],
)
def test_an_invalid_row_is_rejected_with_line_reason_and_text(landing, changes, reason):
    wrong = event(event_id="e2", **changes)
    landed = landing.land_one("events/a.jsonl", event() + wrong + event(event_id="e3"))
    assert (landed.rows_landed, landed.rows_rejected) == (2, 1)
    assert landing.rejects() == [(2, reason, wrong.rstrip())]
    assert landing.rows("select event_id from raw.events order by 1") == [("e1",), ("e3",)]


def test_an_event_more_than_a_day_ahead_is_rejected(landing):
    soon, later = (NOON + timedelta(hours=hours) for hours in (23, 25))
    landing.land_one(
        "events/a.jsonl",
        event(event_id="soon", occurred_at=soon.isoformat())
        + event(event_id="later", occurred_at=later.isoformat()),
    )
    assert landing.rows("select event_id from raw.events") == [("soon",)]
    ((line, reason, _),) = landing.rejects()
    assert line == 2
    assert reason.startswith("occurred_at is more than a day after landing: 2024-06-02T13")


def test_a_source_of_history_may_be_ahead_of_the_clock(make_landing):
    landing = make_landing(past={"as": "events", "received_at": "occurred_at"})
    landed = landing.land_one("past/a.jsonl", event(occurred_at="2031-01-01T00:00:00Z"))
    assert landed.rows_landed == 1


@pytest.mark.parametrize(
    ("rule", "received_at"),
    [
        ("landing", "2024-06-01 12:00:00+00"),
        ("occurred_at", "2024-06-01 10:00:00+00"),
        ("2024-01-31T00:00:00Z", "2024-01-31 00:00:00+00"),
        ("column:exported", "2024-06-01 11:00:00+00"),
    ],
)
def test_the_source_s_rule_sets_the_received_at_of_an_event(make_landing, rule, received_at):
    landing = make_landing(shop={"as": "events", "received_at": rule})
    landing.land_one("shop/a.jsonl", event(exported="2024-06-01T11:00:00Z"))
    assert landing.rows("select received_at::varchar from raw.events") == [(received_at,)]


def test_a_row_s_own_received_at_takes_precedence(landing):
    landing.land_one("events/a.jsonl", event(received_at="2024-06-01T10:00:05Z"))
    assert landing.rows("select received_at::varchar from raw.events") == [
        ("2024-06-01 10:00:05+00",)
    ]


def test_a_row_without_the_received_at_column_is_rejected(make_landing):
    landing = make_landing(shop={"as": "events", "received_at": "column:exported"})
    landing.land_one("shop/a.jsonl", event())
    assert [reason for _, reason, _ in landing.rejects()] == ["received_at is missing"]


def test_a_source_maps_columns_constants_and_properties(make_landing):
    landing = make_landing(
        shop={
            "as": "events",
            "columns": {"contact_key": "mail", "occurred_at": "at", "sku": "Item/No~"},
            "constants": {"name": "purchase_completed", "channel": "shop"},
        }
    )
    landing.put("shop/a.csv", "mail,at,Item/No~,name\na@x.example,2024-06-01,s1,Shirt\n")
    landing.put(
        "shop/b.jsonl",
        '{"mail":"b@x.example","at":"2024-06-01","Item/No~":{"n":1},"name":"Shirt"}\n',
    )
    landing.land()
    found = landing.rows("select contact_key, name, properties from raw.events order by 1")
    assert [(key, name) for key, name, _ in found] == [
        ("a@x.example", "purchase_completed"),
        ("b@x.example", "purchase_completed"),
    ]
    assert [json.loads(properties) for _, _, properties in found] == [
        {"sku": "s1", "channel": "shop", "name": "Shirt"},
        {"sku": {"n": 1}, "channel": "shop", "name": "Shirt"},
    ]


def test_without_an_id_a_hash_of_the_content_is_the_id_in_every_format(landing):
    landing.put("events/a.jsonl", event(event_id=..., plan="pro") * 2)
    landing.put(
        "events/b.csv", "plan,name,contact_key,occurred_at\npro,n,a,2024-06-01 12:00:00+02\n"
    )
    landed = landing.land()
    assert [(one.rows_landed, one.rows_duplicate) for one in landed] == [(1, 1), (0, 1)]


def test_rows_that_differ_in_one_value_have_different_ids(landing):
    variants = [
        {},
        {"name": "m"},
        {"contact_key": "b"},
        {"plan": "pro"},
        {"occurred_at": "2024-05-01"},
    ]
    content = "".join(event(event_id=..., **changes) for changes in variants)
    assert landing.land_one("events/a.jsonl", content).rows_landed == len(variants)


def test_the_first_row_with_an_event_id_in_a_file_lands(landing):
    landed = landing.land_one(
        "events/a.jsonl", event(name="first") + event(event_id="e2") + event(name="second")
    )
    assert (landed.rows_landed, landed.rows_duplicate, landed.rows_rejected) == (2, 0, 1)
    assert landing.rows("select name from raw.events where event_id = 'e1'") == [("first",)]


def test_the_first_landed_row_with_an_event_id_stays(landing):
    landing.land_one("events/b.jsonl", event(name="first"))
    landed = landing.land_one("events/a.jsonl", event(name="second") + event(event_id="e2"))
    assert (landed.rows_landed, landed.rows_duplicate, landed.rows_rejected) == (1, 0, 1)
    assert landing.rows("select rows_landed, rows_rejected from raw.files order by path") == [
        (1, 1),
        (1, 0),
    ]
    assert landing.rows("select name from raw.events where event_id = 'e1'") == [("first",)]


def test_a_rejected_row_does_not_use_up_its_id(landing):
    landed = landing.land_one("events/a.jsonl", event(name="") + event())
    assert (landed.rows_landed, landed.rows_duplicate, landed.rows_rejected) == (1, 0, 1)


@pytest.mark.parametrize("name", ["contact_key", "name", "occurred_at"])
def test_a_csv_file_without_a_required_column_is_rejected_whole(landing, name):
    columns = [column for column in ("contact_key", "name", "occurred_at") if column != name]
    landed = landing.land_one("events/a.csv", ",".join(columns) + "\na,2024-06-01\n")
    lacking = {"contact_key": "contact_key or company_key"}.get(name, name)
    assert landed.error == f"the file lacks a required column: {lacking}"
    assert landing.rejects() == [(None, landed.error, None)]


def test_a_file_without_a_mapped_column_is_rejected_whole(make_landing):
    landing = make_landing(shop={"as": "events", "columns": {"contact_key": "customer"}})
    landed = landing.land_one("shop/a.csv", "contact_key,name,occurred_at\na,n,2024-06-01\n")
    assert landed.error is not None
    assert landed.error.endswith("names: customer")


def test_tracking_becomes_rows(landing):
    landing.land_one(
        "tracking/a.jsonl",
        '{"send_id":"s","type":"clicked","occurred_at":"2024-06-01T10:00:00Z","link":"/x"}\n'
        '{"email":"a@x.example","type":"bounced","occurred_at":"2024-06-01T10:00:00Z",'
        '"provider":"ses","detail":{"code":"5.1.1"}}\n',
    )
    assert landing.rows(
        "select send_id, email, type, provider, detail::varchar from raw.tracking order by type"
    ) == [
        (None, "a@x.example", "bounced", "ses", '{"code":"5.1.1"}'),
        ("s", None, "clicked", "file", '{"link":"/x"}'),
    ]


@pytest.mark.parametrize("type_", TRACKING_TYPES)
def test_every_type_of_tracking_lands(landing, type_):
    landed = landing.land_one(
        "tracking/a.csv", f"send_id,type,occurred_at\ns,{type_},2024-06-01T10:00:00Z\n"
    )
    assert landed.rows_landed == 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"type": "opened"}, "send_id or email is missing"),
        ({"send_id": "s", "type": None}, "type is missing"),
        ({"send_id": "s", "type": "Opened"}, "type is not one of sent, delivered,"),
    ],
)
def test_tracking_without_type_or_recipient_is_rejected(landing, row, reason):
    row = json.dumps(row | {"occurred_at": "2024-06-01T10:00:00Z"})
    landing.land_one("tracking/a.jsonl", row)
    ((line, reported, content),) = landing.rejects()
    assert (line, content) == (1, row)
    assert reported.startswith(reason)


def test_several_columns_identify_an_event(make_landing):
    landing = make_landing(
        orders={"as": "events", "id": ["order", "line"], "constants": {"name": "bought"}}
    )
    header = "order,line,contact_key,occurred_at\n"
    landed = landing.land_one("orders/a.csv", header + "1,1,a,2024-05-01\n1,2,a,2024-05-01\n")
    assert landed.rows_landed == 2
    landed = landing.land_one("orders/b.csv", header + "1,2,a,2024-05-01\n2,,b,2024-05-02\n")
    assert (landed.rows_duplicate, landed.rows_rejected) == (1, 1)
    assert landing.rejects()[0][1] == "the id is missing"


@pytest.mark.parametrize(
    ("dates", "text", "instant"),
    [
        (["%d.%m.%Y"], "05.04.2024", "2024-04-04 22:00:00+00"),
        (["%d.%m.%Y", "%d.%m.%Y %H:%M"], "05.04.2024 12:30", "2024-04-05 10:30:00+00"),
        (["%Y-%d-%m"], "2024-05-04", "2024-04-04 22:00:00+00"),
        (["epoch_seconds"], "1712313000", "2024-04-05 10:30:00+00"),
        (["epoch_milliseconds"], "1712313000123", "2024-04-05 10:30:00.123+00"),
        (["%d.%m.%Y"], "2024-04-05T10:30:00Z", "2024-04-05 10:30:00+00"),
        (["%d.%m.%Y"], "31.02.2024", None),
        ([], "05.04.2024", None),
    ],
)
def test_times_are_read_in_the_source_s_formats(make_landing, dates, text, instant):
    landing = make_landing(shop={"as": "events", "dates": dates, "timezone": "Europe/Berlin"})
    landing.land_one("shop/a.csv", f"contact_key,name,occurred_at\na,n,{text}\n")
    landed = landing.rows("select occurred_at::varchar from raw.events")
    assert landed == ([] if instant is None else [(instant,)])
    assert len(landing.rejects()) == (instant is None)


@pytest.mark.parametrize(
    ("decimal", "text", "amount"),
    [
        (",", "1.234,50", 1234.5),
        (",", "-12,5", -12.5),
        (",", "1 234 567", 1234567),
        (".", "1,234.50", 1234.5),
        (",", "1234.50", None),
        (",", "12 EUR", None),
        (".", "1,23", None),
    ],
)
def test_numbers_are_read_with_their_source_s_decimal_sign(make_landing, decimal, text, amount):
    landing = make_landing(shop={"as": "events", "decimal": decimal})
    landing.land_one(
        "shop/a.csv", f'contact_key,name,occurred_at,amount,note\na,n,2024-05-01,"{text}",x\n'
    )
    landed = landing.rows("select (properties ->> 'amount')::double from raw.events")
    assert landed == ([] if amount is None else [(amount,)])
    if amount is None:
        assert landing.rejects()[0][1].startswith("amount is not a number: ")


def test_the_source_s_nulls_are_empty_values(make_landing):
    landing = make_landing(shop={"as": "events", "nulls": ["NULL", "n/a"]})
    landing.land_one(
        "shop/a.csv",
        "event_id,contact_key,name,occurred_at\nn/a,a,n,2024-05-01\nNULL,b,n,2024-05-01\n"
        "3,NULL,n,2024-05-01\n4,c,n,n/a\n",
    )
    assert landing.rows("select count(distinct event_id) from raw.events") == [(2,)]
    assert [reason for _, reason, _ in landing.rejects()] == [
        "contact_key or company_key is missing",
        "occurred_at is missing",
    ]


def test_an_event_before_1990_is_rejected(landing):
    landing.land_one(
        "events/a.csv",
        "contact_key,name,occurred_at\na,n,1989-12-31T23:59:59Z\na,n,1990-01-01\na,n,1970-01-01\n",
    )
    assert [reason.partition(":")[0] for _, reason, _ in landing.rejects()] == [
        "occurred_at is before 1990"
    ] * 2


def test_an_object_with_a_duplicate_key_does_not_stop_other_files(landing):
    event = '"contact_key": "k", "name": "viewed", "occurred_at": "2024-01-01"'
    landing.put("events/a.jsonl", f'{{{event}, "name": "viewed"}}\n')
    landing.put("events/b.jsonl", f'{{{event}, "event_id": "e2"}}\n')
    assert [landed.rows_landed for landed in landing.land()] == [0, 1]


@pytest.mark.parametrize("rest", ["", "\nbroken"])
@pytest.mark.parametrize(
    ("event_id", "landed"),
    [
        ("12345678901234567890", ["12345678901234567890"]),
        ('"1.5"', ["1.5"]),
        ('"1e-5"', ["1e-5"]),
        ("12345678901234567.0", []),
        ("1e20", []),
        ("7.0", []),
    ],
)
def test_a_number_that_may_have_lost_digits_is_not_an_event_id(landing, event_id, landed, rest):
    row = f'{{"event_id":{event_id},"contact_key":"a","name":"n","occurred_at":"2024-05-01"}}'
    landing.land_one("events/a.jsonl", row + rest)
    assert [i for (i,) in landing.rows("select event_id from raw.events")] == landed
    reasons = [reason.partition(",")[0] for _, reason, _ in landing.rejects() if reason[0] == "e"]
    assert reasons == ["event_id is a number that may have lost digits"] * (not landed)


def test_an_object_with_a_duplicate_key_is_rejected(landing):
    row = '{"contact_key":"a","contact_key":"b","name":"n","occurred_at":"2024-05-01"}\n'
    landed = landing.land_one("events/a.jsonl", row + row.replace('"contact_key":"b",', ""))
    assert landed.rows_landed == 1
    assert [reason for _, reason, _ in landing.rejects()] == ["the object contains a key twice"]


def test_a_whole_number_stored_as_a_float_is_whole(landing):
    landing.put_parquet(
        "events/a.parquet",
        """select 42.0::double as event_id, 'a' as contact_key, 'n' as name, 7.0::double as seats,
           1.5::double as share, date '2024-05-01' as occurred_at
           union all select 0.5, 'a', 'n', 1, 1, date '2024-05-01'""",
    )
    landing.land()
    assert landing.rows(
        "select event_id, properties ->> 'seats', properties ->> 'share' from raw.events"
    ) == [("42", "7.0", "1.5")]
    assert len(landing.rejects()) == 1


BASE = {"event_id": "e1", "contact_key": "a", "name": "bought", "occurred_at": "2024-05-01"}
CONFLICTS = [
    {"contact_key": "b"},
    {"name": "sold"},
    {"occurred_at": "2024-05-01T00:00:01Z"},
    {"amount": 2},
    {"amount": "1"},
    {"amount": None},
    {"plan": "pro"},
    {"items": [1, 2, 3]},
    {"items": [2, 1]},
    {"items": [1, 2, 2]},
    {"items": [1, 2, 1]},
    {"properties": {"amount": 3}},
]
SAME = [
    {},
    {"occurred_at": "2024-05-01T00:00:00Z"},
    {"occurred_at": "2024-05-01 02:00:00+02"},
    {"properties": {"amount": 1}, "amount": 5},
    {"cart": [{"count": 2, "sku": "x"}]},
    {"received_at": "2024-05-02"},
]


@pytest.mark.parametrize("where", ["in one file", "in two files"])
@pytest.mark.parametrize(
    ("change", "is_conflict"),
    [*((change, True) for change in CONFLICTS), *((change, False) for change in SAME)],
)
def test_an_event_id_that_comes_again_with_other_content_is_rejected(
    landing, change, is_conflict, where
):
    first = BASE | {"amount": 1, "items": [1, 2], "cart": [{"sku": "x", "count": 2}]}
    again = dict(reversed((first | change).items()))  # the order of keys is no content
    lines = [json.dumps(first) + "\n", json.dumps(again) + "\n"]
    files = ["".join(lines)] if where == "in one file" else lines
    landed = [
        landing.land_one(f"events/{number}.jsonl", content) for number, content in enumerate(files)
    ][-1]
    assert (landed.rows_duplicate, landed.rows_rejected) == (int(not is_conflict), int(is_conflict))
    assert landing.rows("select contact_key, name from raw.events") == [("a", "bought")]
    if is_conflict:
        [(line, reason, content)] = landing.rejects()
        assert line == (2 if where == "in one file" else 1)
        assert reason == "the event_id came before with other content: e1"
        assert json.loads(content)["event_id"] == "e1"


def test_tracking_with_a_known_id_and_other_content_is_rejected(landing):
    line = '{{"event_id":"t1","email":"a@x.example","type":"{}","occurred_at":"2024-05-01"}}\n'
    landing.land_one("tracking/a.jsonl", line.format("delivered"))
    landed = landing.land_one("tracking/b.jsonl", line.format("bounced") + line.format("delivered"))
    assert (landed.rows_duplicate, landed.rows_rejected) == (1, 1)
    assert landing.rows("select type from raw.tracking") == [("delivered",)]


def test_equal_events_without_an_id_are_duplicates(landing):
    line = '{"contact_key":"a","name":"n","occurred_at":"2024-05-01","x":1}\n'
    landed = landing.land_one("events/a.jsonl", line * 3 + line.replace("1}", "2}"))
    assert (landed.rows_landed, landed.rows_duplicate, landed.rows_rejected) == (2, 2, 0)


def bounce(**detail) -> str:
    row = {"event_id": "b", "email": "a@x.example", "type": "bounced", "detail": detail}
    return json.dumps(row | {"occurred_at": "2024-06-01T10:00:00Z"}) + "\n"


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("bounce_type", "hard"),
        ("bounce_type", "Hard"),
        ("bounce_type", "Permanent"),
        ("bounce_type", "hard_bounce"),
        ("bounce_type", "HardBounce"),
        ("bounceType", "Transient"),
        ("bounceType", "Undetermined"),
        ("bounce_type", "SoftBounce"),
        ("bounce_type", "blocked"),
        ("severity", "temporary"),
        ("severity", "permanent"),
        ("bounce_type", "BadEmailAddress"),
    ],
)
def test_a_provider_s_word_for_the_kind_of_a_bounce_lands(landing, key, word):
    landed = landing.land_one("tracking/a.jsonl", bounce(**{key: word}))
    assert (landed.rows_landed, landed.rows_rejected) == (1, 0)


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("bounce_type", "perhaps"),
        ("bounce_type", "10"),
        ("bounceType", "Weich"),
        ("severity", "fatal"),
    ],
)
def test_an_unknown_kind_of_bounce_is_rejected(landing, key, word):
    landed = landing.land_one("tracking/a.jsonl", bounce(**{key: word}))
    assert (landed.rows_landed, landed.rows_rejected) == (0, 1)
    assert landing.rejects()[0][1] == (
        "bounce_type is not one of hard, soft, undetermined, nor a known word of a provider: "
        + word
    )


def test_the_kind_of_a_bounce_may_be_a_column(landing):
    landed = landing.land_one(
        "tracking/a.csv",
        "email,type,occurred_at,bounce_type\n"
        "a@x.example,bounced,2024-06-01,Permanent\nb@x.example,bounced,2024-06-01,odd\n"
        "c@x.example,bounced,2024-06-01,\nd@x.example,opened,2024-06-01,odd\n",
    )
    assert (landed.rows_landed, landed.rows_rejected) == (3, 1)
