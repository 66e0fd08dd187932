from __future__ import annotations

import json

import pytest

PLACE = "crm/standard/contacts/a.csv"


def test_every_column_lands_as_the_text_it_came_as(landing):
    landed = landing.land_one(
        PLACE, "contact_id,marketing_consent,updated_at,Shoe size\n007,TRUE,2024-05-01,42.0\n"
    )
    assert landing.rows(
        """select contact_id, marketing_consent, updated_at, "Shoe size", _file_id, _line,
                  _received_at::varchar from raw.standard__contacts"""
    ) == [("007", "TRUE", "2024-05-01", "42.0", landed.file_id, 2, "2024-06-01 12:00:00+00")]


def test_new_columns_widen_the_table_and_old_rows_stay(landing):
    landing.land_one("crm/other/things/a.csv", "id,a\n1,x\n")
    landing.land_one("crm/other/things/b.jsonl", '{"id":2,"b":true}\n{"id":3,"c":null}\n')
    assert landing.rows("select id, a, b, c from raw.other__things order by id") == [
        ("1", "x", None, None),
        ("2", None, "true", None),
        ("3", None, None, None),
    ]


def test_a_column_is_the_same_in_any_case(landing):
    landing.land_one(PLACE, "Contact_ID,EMAIL\n1,a@x.example\n")
    assert landing.rows("select contact_id, email from raw.standard__contacts") == [
        ("1", "a@x.example")
    ]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("marketing_consent", "perhaps", "marketing_consent is not boolean: perhaps"),
        ("updated_at", "01.05.2024", "updated_at is not a time: 01.05.2024"),
        ("contact_id", " ", "contact_id is missing"),
    ],
)
def test_a_value_that_is_not_what_the_models_expect_rejects_its_row(landing, column, value, reason):
    good = {"contact_id": "1", "marketing_consent": "true", "updated_at": "2024-05-01"}
    bad = good | {column: value}
    content = "\n".join(",".join(row) for row in (good, good.values(), bad.values())) + "\n"
    landed = landing.land_one(PLACE, content)
    assert (landed.rows_landed, landed.rows_rejected) == (1, 1)
    assert [(line, told) for line, told, _ in landing.rejects()] == [(3, reason)]


def test_numbers_are_checked(landing):
    landing.land_one("crm/standard/companies/a.csv", "company_id,employees\n1,250\n2,many\n")
    assert [reason for _, reason, _ in landing.rejects()] == ["employees is not integer: many"]


def test_a_file_without_a_required_column_is_rejected_whole(landing):
    landed = landing.land_one(PLACE, "email\na@x.example\n")
    assert landed.error == "the file has no column contact_id"


def test_json_lines_without_a_required_key_are_rejected_one_by_one(landing):
    landing.land_one("crm/standard/contacts/a.jsonl", '{"email":"a@x.example"}\n{"email":null}\n')
    assert [(line, reason) for line, reason, _ in landing.rejects()] == [
        (1, "contact_id is missing"),
        (2, "contact_id is missing"),
    ]


def test_a_source_renames_columns_and_adds_constants(make_landing):
    landing = make_landing(
        hub={
            "as": "crm/standard/contacts",
            "columns": {"contact_id": "id", "email": "Email Address"},
            "constants": {"country": "DE"},
        }
    )
    landing.land_one("hub/a.csv", "id,Email Address,phone\n1,a@x.example,+49\n")
    landing.land_one("hub/b.jsonl", '{"id":2,"Email Address":"b@x.example"}\n')
    assert landing.rows(
        "select contact_id, email, country, phone from raw.standard__contacts order by 1"
    ) == [("1", "a@x.example", "DE", "+49"), ("2", "b@x.example", "DE", None)]
    columns = landing.rows("select lower(column_name) from (describe raw.standard__contacts)")
    assert ("id",) not in columns
    assert ("email address",) not in columns


def test_two_columns_that_would_become_one_are_refused(make_landing):
    landing = make_landing(hub={"as": "crm/standard/contacts", "columns": {"email": "work_email"}})
    landed = landing.land_one("hub/a.csv", "contact_id,email,work_email\n1,a,b\n")
    assert landed.error is not None
    assert "would be one" in landed.error


@pytest.mark.parametrize("key", ["", " ", "a\\u0000b", "a\\nb"])
def test_a_column_without_a_printable_name_is_refused_unless_it_is_mapped(make_landing, key):
    name = json.loads(f'"{key}"')
    landing = make_landing(hub={"as": "crm/other/things", "columns": {"odd": name}})
    for place in ("crm/other/things/a.jsonl", "hub/a.jsonl"):
        landing.put(place, f'{{"id":1,"{key}":"x"}}\n')
    refused, mapped = landing.land()
    assert refused.error is not None
    assert refused.error.startswith("a column's name is blank or not printable")
    assert mapped.error is None
    assert landing.rows("select id, odd from raw.other__things") == [("1", "x")]


def test_a_column_called_like_landing_s_own_is_refused(landing):
    landed = landing.land_one(PLACE, "contact_id,_LINE\n1,7\n")
    assert landed.error is not None
    assert "_line" in landed.error


def test_a_time_without_an_offset_gets_the_source_s(make_landing):
    landing = make_landing(hub={"as": "crm/standard/contacts", "timezone": "Europe/Berlin"})
    landing.land_one(
        "hub/a.csv",
        "contact_id,updated_at,created_at,seen\n"
        "1,2024-05-01 10:00:00,2024-05-01T10:00:00Z,2024-05-01\n",
    )
    assert landing.rows(
        """select updated_at::timestamptz::varchar, created_at::timestamptz::varchar, seen
           from raw.standard__contacts"""
    ) == [("2024-05-01 08:00:00+00", "2024-05-01 10:00:00+00", "2024-05-01")]


@pytest.mark.parametrize(
    ("rule", "learnt"),
    [
        ("landing", ["2024-06-01 12:00:00+00"] * 2),
        ("2024-01-31T00:00:00Z", ["2024-01-31 00:00:00+00"] * 2),
        ("occurred_at", ["2024-05-02 00:00:00+00", "2024-04-01 00:00:00+00"]),
        ("column:exported", ["2024-05-03 00:00:00+00"] * 2),
    ],
)
def test_the_source_s_rule_says_when_a_record_was_learnt(make_landing, rule, learnt):
    landing = make_landing(hub={"as": "crm/standard/contacts", "received_at": rule})
    landing.land_one(
        "hub/a.csv",
        "contact_id,created_at,updated_at,exported\n"
        "1,2024-05-01,2024-05-02,2024-05-03\n"
        "2,2024-04-01,,2024-05-03\n",
    )
    found = landing.rows(
        "select _received_at::varchar, exported from raw.standard__contacts order by _line"
    )
    assert found == [(instant, "2024-05-03") for instant in learnt]


def test_a_record_that_says_not_when_it_was_learnt_is_rejected(make_landing):
    landing = make_landing(hub={"as": "crm/standard/contacts", "received_at": "occurred_at"})
    landing.land_one("hub/a.csv", "contact_id,created_at\n1,\n")
    landing.land_one("hub/b.csv", "contact_id\n1\n")
    assert [(line, reason.split(" needs")[0]) for line, reason, _ in landing.rejects()] == [
        (2, "nothing says when the row was learnt"),
        (None, "received_at = 'occurred_at'"),
    ]
