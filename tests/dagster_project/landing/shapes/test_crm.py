from __future__ import annotations

import json
import os
from datetime import timedelta

import pytest
from pydantic import ValidationError

from dagster_project.home.source_settings import SourceSettings
from tests.dagster_project.landing.conftest import NOON

PLACE = "crm/standard/contacts/a.csv"


def test_every_column_lands_as_unchanged_text(landing):
    landed = landing.land_one(
        PLACE, "contact_id,marketing_consent,updated_at,Shoe size\n007,TRUE,2024-05-01,42.0\n"
    )
    assert landing.rows(
        """select contact_id, marketing_consent, updated_at, "Shoe size", _file_id, _line,
                  _received_at::varchar from raw.standard__contacts"""
    ) == [("007", "TRUE", "2024-05-01", "42.0", landed.file_id, 2, "2024-06-01 12:00:00+00")]


def test_new_columns_extend_the_table_and_old_rows_stay(landing):
    landing.land_one("crm/other/things/a.csv", "id,a\n1,x\n")
    landing.land_one("crm/other/things/b.jsonl", '{"id":2,"b":true}\n{"id":3,"c":null}\n')
    assert landing.rows("select id, a, b, c from raw.other__things order by id") == [
        ("1", "x", None, None),
        ("2", None, "true", None),
        ("3", None, None, ""),
    ]


def test_column_names_ignore_case(landing):
    landing.land_one(PLACE, "Contact_ID,EMAIL\n1,a@x.example\n")
    assert landing.rows("select contact_id, email from raw.standard__contacts") == [
        ("1", "a@x.example")
    ]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("updated_at", "01.05.2024", "updated_at is not a time: 01.05.2024"),
        ("contact_id", " ", "contact_id is missing"),
    ],
)
def test_a_value_of_the_wrong_type_rejects_its_row(landing, column, value, reason):
    good = {"contact_id": "1", "marketing_consent": "true", "updated_at": "2024-05-01"}
    bad = good | {column: value}
    content = "\n".join(",".join(row) for row in (good, good.values(), bad.values())) + "\n"
    landed = landing.land_one(PLACE, content)
    assert (landed.rows_landed, landed.rows_rejected) == (1, 1)
    assert [(line, reported) for line, reported, _ in landing.rejects()] == [(3, reason)]


def test_a_value_that_models_read_lands_as_written_and_rejects_no_row(landing):
    words = ["250", "many", "12.5", "1_000", "0x1F", "inf", " 12 ", "\uff11\uff12", "1e3"]
    content = "".join(f"{n},{word}\n" for n, word in enumerate(words))
    landing.land_one("crm/standard/companies/a.csv", f"company_id,employees\n{content}")
    assert landing.rejects() == []
    landed = landing.rows("select employees from raw.standard__companies order by company_id")
    assert landed == [(word,) for word in words]


def test_dates_of_a_source_apply_to_days(make_landing):
    firms = {"as": "crm/standard/companies", "dates": ["%d.%m.%Y"], "timezone": "Europe/Berlin"}
    landing = make_landing(firms=firms)
    content = "company_id,renewal_on\n1,31.12.2026\n2,2026-06-30\n3,30/06/2026\n4,\n"
    landing.land_one("firms/a.csv", content)
    assert landing.rows("select renewal_on from raw.standard__companies order by all") == [
        ("",),
        ("2026-06-30",),
        ("2026-12-31",),
        ("30/06/2026",),
    ]


def test_a_file_without_a_required_column_is_rejected_whole(landing):
    landed = landing.land_one(PLACE, "email\na@x.example\n")
    assert landed.error == "the file lacks a required column: contact_id"


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


def test_two_columns_with_the_same_name_are_refused(make_landing):
    landing = make_landing(hub={"as": "crm/standard/contacts", "columns": {"email": "work_email"}})
    landed = landing.land_one("hub/a.csv", "contact_id,email,work_email\n1,a,b\n")
    assert landed.error is not None
    assert "get the same name" in landed.error


@pytest.mark.parametrize("key", ["", " ", "a\\u0000b", "a\\nb"])
def test_a_column_without_a_printable_name_must_be_mapped(make_landing, key):
    name = json.loads(f'"{key}"')
    landing = make_landing(hub={"as": "crm/other/things", "columns": {"odd": name}})
    for place in ("crm/other/things/a.jsonl", "hub/a.jsonl"):
        landing.put(place, f'{{"id":1,"{key}":"x"}}\n')
    refused, mapped = landing.land()
    assert refused.error is not None
    assert refused.error.startswith("a column name is blank or not printable: ")
    assert mapped.error is None
    assert landing.rows("select id, odd from raw.other__things") == [("1", "x")]


def test_a_reserved_column_name_is_refused(landing):
    landed = landing.land_one(PLACE, "contact_id,_LINE\n1,7\n")
    assert landed.error is not None
    assert "_line" in landed.error


def test_a_time_without_an_offset_gets_the_source_s_time_zone(make_landing):
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
    ("rule", "received_at"),
    [
        ("landing", ["2024-06-01 12:00:00+00"] * 2),
        ("2024-01-31T00:00:00Z", ["2024-01-31 00:00:00+00"] * 2),
        ("occurred_at", ["2024-05-02 00:00:00+00", "2024-04-01 00:00:00+00"]),
        ("column:exported", ["2024-05-03 00:00:00+00"] * 2),
    ],
)
def test_the_source_s_rule_sets_the_received_at_of_a_record(make_landing, rule, received_at):
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
    assert found == [(instant, "2024-05-03") for instant in received_at]


def test_a_record_without_received_at_is_rejected(make_landing):
    landing = make_landing(hub={"as": "crm/standard/contacts", "received_at": "occurred_at"})
    landing.land_one("hub/a.csv", "contact_id,created_at\n1,\n")
    landing.land_one("hub/b.csv", "contact_id\n1\n")
    assert [(line, reason.split(" needs")[0]) for line, reason, _ in landing.rejects()] == [
        (2, "received_at is missing"),
        (None, "received_at = 'occurred_at'"),
    ]


def test_a_decimal_comma_is_read_in_number_columns(make_landing):
    landing = make_landing(deals={"as": "crm/standard/deals", "decimal": ","})
    landing.land_one("deals/a.csv", 'deal_id,amount\n1,"1.234,50"\n2,12.34\n')
    assert landing.rows("select deal_id, amount from raw.standard__deals") == [("1", "1234.50")]
    assert landing.rejects() == [
        (3, "amount is not a number: 12.34", '{"deal_id":"2","amount":"12.34"}')
    ]


def test_several_columns_identify_a_record(make_landing):
    landing = make_landing(people={"as": "crm/standard/contacts", "id": ["shop", "no"]})
    landing.land_one("people/a.csv", "shop,no,email\nx,1,a@x.de\ny,1,b@x.de\ny,,c@x.de\n")
    assert landing.rows(
        "select count(distinct contact_id), min(length(contact_id)) from raw.standard__contacts"
    ) == [(2, 32)]
    assert [reason for _, reason, _ in landing.rejects()] == ["contact_id is missing"]


def test_a_delete_marker_becomes_is_deleted(make_landing):
    marker = {"column": "State", "values": ["Removed", "Schließung"]}
    landing = make_landing(people={"as": "crm/standard/contacts", "deleted": marker})
    landing.land_one("people/a.csv", "contact_id,State\n1,removed \n2,here\n3,\n4,Schließung\n")
    assert landing.rows(
        "select contact_id, is_deleted from raw.standard__contacts order by contact_id"
    ) == [("1", "true"), ("2", "false"), ("3", "false"), ("4", "true")]
    assert landing.land_one("people/b.csv", "contact_id\n1\n").error == (
        "the file lacks columns that the source in sendhouse.toml names: State"
    )


@pytest.mark.parametrize(("empty", "landed"), [("cleared", ""), ("unchanged", None)])
def test_the_source_decides_what_an_empty_cell_means(make_landing, empty, landed):
    landing = make_landing(people={"as": "crm/standard/contacts", "empty": empty})
    landing.land_one("people/a.csv", "contact_id,email\n1,\n")
    assert landing.rows("select email, first_name from raw.standard__contacts") == [(landed, None)]


def snapshot(landing, name, ids, hour):
    path = landing.put(f"people/{name}", "contact_id\n" + "".join(f"{i}\n" for i in ids))
    os.utime(path, (hour * 3600, hour * 3600))
    [landed] = landing.land(NOON + timedelta(hours=hour))
    return landed


FULL = {"as": "crm/standard/contacts", "snapshot": "full"}


def test_a_snapshot_that_returns_to_earlier_content_lands(make_landing):
    landing = make_landing(people=FULL)
    few, all_ = range(9), range(10)
    for hour, ids in enumerate([few, all_, few]):
        assert snapshot(landing, "people.csv", ids, hour).rows_landed == len(ids)
    assert snapshot(landing, "copy.csv", few, 3).already_landed  # content of the last snapshot
    assert snapshot(landing, "old.csv", all_, 1).already_landed  # older than the last snapshot
    assert landing.rows("select file_no, rows_landed, is_full from raw.files order by file_no") == [
        (1, 9, True),
        (2, 10, True),
        (3, 9, True),
    ]


def test_a_snapshot_that_lost_more_than_max_loss_ends_no_contact(make_landing):
    landing = make_landing(people=FULL)
    snapshot(landing, "a.csv", range(10), 0)
    assert snapshot(landing, "b.csv", range(8), 1).notices == ()
    landed = snapshot(landing, "c.csv", range(6), 2)
    assert landed.rows_landed == 6
    assert landed.notices[0].startswith("6 records, but the last full snapshot had 8: the snapshot")
    assert landing.rows("select is_full from raw.files order by file_no") == [
        (True,),
        (True,),
        (False,),
    ]


def test_a_full_snapshot_has_one_received_at():
    with pytest.raises(ValidationError, match="a full snapshot has one received_at"):
        SourceSettings.model_validate(FULL | {"received_at": "column:exported"})


def people(columns, rows):
    lines = [",".join(columns), *(",".join(row) for row in rows)]
    return "\n".join(lines) + "\n"


def test_a_renamed_column_is_recognised_by_its_values(landing):
    rows = [(str(i), f"p{i}@x.example", "yes") for i in range(50)]
    landing.land_one("crm/own/people/a.csv", people(["id", "Email Address", "member"], rows))
    changed = [(i, "new@x.example" if i == "7" else email, "yes") for i, email, _ in rows]
    landed = landing.land_one("crm/own/people/b.csv", people(["id", "E-mail", "active"], changed))
    assert landed.notices[:-1] == (
        "column 'member' is missing and column 'active' is new, with the same values in 100 % of "
        "the records: if the CRM renamed the column, map the new name "
        '(columns = { … = "active" }, see sendhouse.toml)',
        "column 'Email Address' is missing and column 'E-mail' is new, with the same values in "
        "98 % of the records: if the CRM renamed the column, map the new name "
        '(columns = { … = "E-mail" }, see sendhouse.toml)',
    )
    assert landing.rows("select notices from raw.files order by file_no") == [
        ([landed.notices[-1]],),
        (list(landed.notices),),
    ]


def test_missing_and_new_columns_are_reported(landing):
    landing.land_one("crm/own/people/a.csv", people(["id", "zip", "city"], [("1", "5", "Bonn")]))
    landed = landing.land_one("crm/own/people/b.csv", people(["id", "plan"], [("1", "pro")]))
    assert landed.notices[:-1] == (
        "columns of the previous export are missing: zip, city",
        "new columns: plan",
    )


def test_a_source_s_dates_reach_the_models(make_landing):
    settings = {"dates": ["%d.%m.%Y %H:%M"], "timezone": "Europe/Berlin", "decimal": ","}
    landing = make_landing(deals=settings | {"as": "crm/standard/deals"})
    landing.land_one("deals/a.csv", 'deal_id,created_at,amount\n1,05.04.2024 12:30,"1.234,5"\n')
    assert landing.rows(
        "select created_at::timestamptz::varchar, amount::double from raw.standard__deals"
    ) == [("2024-04-05 10:30:00+00", 1234.5)]


def test_a_source_s_time_zone_and_decimal_sign_reach_vendor_columns(make_landing):
    settings = {"dates": ["%m/%d/%Y"], "timezone": "America/New_York", "decimal": ","}
    landing = make_landing(hubspot=settings | {"as": "crm/hubspot/deal"})
    landing.land_one(
        "hubspot/a.csv",
        "Record ID,Amount,Create Date\n"
        '1,"1.234,5",2024-07-01 9:30\n2,,12/31/2023\n3,,soon\n4,12.34,\n',
    )
    assert landing.rows(
        """select "Record ID", "Amount", "Create Date" from raw.hubspot__deal order by 1"""
    ) == [
        ("1", "1234.5", "2024-07-01T13:30:00.000000Z"),
        ("2", "", "2023-12-31T05:00:00.000000Z"),
        ("3", "", "soon"),  # staging.unreadable_values lists it
    ]
    assert [reason for _, reason, _ in landing.rejects()] == ["Amount is not a number: 12.34"]


@pytest.mark.parametrize(
    ("dates", "text"), [("%d.%m.%Y", "05.06.24"), ("epoch_seconds", "1700000000000")]
)
def test_a_date_in_an_implausible_year_rejects_its_row(make_landing, dates, text):
    landing = make_landing(deals={"as": "crm/standard/deals", "dates": [dates]})
    landed = landing.land_one("deals/a.csv", f"deal_id,created_at\n1,{text}\n")
    assert (landed.rows_landed, landed.rows_rejected) == (0, 1)
    assert landing.rejects()[0][1] == f"created_at is not a time: {text}"


def test_an_unknown_consent_value_rejects_its_row(landing):
    landing.land_one(
        "crm/standard/consents/a.csv",
        "email,said,said_at\na@x.de,OPT_OUT,2024-05-01\nb@x.de,Perhaps,2024-05-01\nc@x.de,,\n",
    )
    assert landing.rows("select email from raw.standard__consents") == [("a@x.de",)]
    assert [reason for _, reason, _ in landing.rejects()] == [
        "said is not one of opt_out, complained, bounced, import_in, import_out, nor a known word "
        "of a provider: Perhaps",
        "said is missing",
    ]


MEMBERS = "crm/mailchimp/member/a.csv"


@pytest.mark.parametrize(
    ("header", "row", "landed"),
    [
        ("Email Address,note,note", "a@x.example,1,2", ("1", "2")),
        ("Email Address,note,NOTE", "a@x.example,1,2", ("1", "2")),
        ("Email Address,note,note", "a@x.example,,2", ("", "2")),
        ("Email Address,UNSUB_REASON,UNSUB_REASON", "a@x.example,spam,other", ("spam", "other")),
        ("Email Address,UNSUB_REASON,UNSUB_REASON", "a@x.example,,other", ("other", "other")),
        ("Email Address,UNSUB_TIME,UNSUB_TIME", "a@x.example,,2024-05-01", ("2024-05-01",) * 2),
        ("Email Address,UNSUB_TIME,UNSUB_TIME", "a@x.example,2024-05-01,", ("2024-05-01", "")),
        ("Email Address,UNSUB_TIME,UNSUB_TIME", "a@x.example,2024-05-01,2024-05-02", None),
        ("Email Address,status,Status", "a@x.example,subscribed,unsubscribed", None),
        ("note,Email Address,Email Address", "x,a@x.example,b@x.example", None),
    ],
)
def test_a_column_name_that_occurs_twice_lands_unless_it_decides(landing, header, row, landed):
    """A column that models read is the first value; two different values reject the row."""
    found = landing.land_one(MEMBERS, f"{header}\n{row}\n")
    assert (found.rows_landed, found.rows_rejected) == (
        int(landed is not None),
        int(landed is None),
    )
    assert found.notices[0].startswith("the header has column '")
    if landed is None:
        [(line, reason, _)] = landing.rejects()
        assert (line, reason.split(":")[0]) == (
            2,
            "the header has this column twice, with different values",
        )
    else:
        first, second = header.split(",")[1:]
        rows = landing.rows(f'select "{first}", "{second}_2" from raw.mailchimp__member')
        assert rows == [landed]


def test_a_mapping_decides_between_two_columns_of_one_name(make_landing):
    landing = make_landing(
        people={"as": "crm/mailchimp/member", "columns": {"status": "state_2", "before": "state"}}
    )
    landing.land_one("people/a.csv", "id,state,state\n1,subscribed,unsubscribed\n")
    assert landing.rows("select status, before from raw.mailchimp__member") == [
        ("unsubscribed", "subscribed")
    ]


def test_an_event_with_two_different_names_is_rejected(landing):
    header = "event_id,contact_key,name,occurred_at,name,plan,plan\n"
    rows = "1,a,opened,2024-05-01,opened,x,y\n2,a,opened,2024-05-01,closed,x,y\n"
    found = landing.land_one("events/a.csv", header + rows)
    assert (found.rows_landed, found.rows_rejected) == (1, 1)
    assert landing.rows("select properties from raw.events") == [
        ('{"name_2":"opened","plan":"x","plan_2":"y"}',)
    ]
    assert landing.rejects()[0][:2] == (3, "the header has name twice, with different values")


@pytest.mark.parametrize(
    ("rows", "records"),
    [
        (["1,a,x", "2,b,y"], 0),
        (["1,a,x", "1,a,x"], 0),
        (["1,a,x", "1,a,y"], 1),
        (["1,a,x", "1,b,x"], 1),
        (["1,a,x", "2,a,x"], 0),
        (["1,a,x", "1,a,y", "1,a,z"], 1),
        (["1,a,x", "2,b,y", "2,b,", "1,a,"], 2),
        (["1,a,", "1,,"], 1),
        ([",a,x", ",a,y"], 0),
    ],
)
def test_a_record_in_several_rows_with_different_values_is_noticed(landing, rows, records):
    content = "contact_id,email,note\n" + "\n".join(rows) + "\n"
    landed = landing.land_one("crm/standard/contacts/a.csv", content)
    noticed = [notice for notice in landed.notices if "in several rows" in notice]
    assert [int(notice.split()[0]) for notice in noticed] == ([records] if records else [])


def test_the_history_of_a_record_is_no_conflict(make_landing):
    landing = make_landing(
        people={"as": "crm/standard/contacts", "received_at": "column:updated_at"}
    )
    content = "contact_id,note,updated_at\n1,a,2024-05-01\n1,b,2024-05-02\n"
    landed = landing.land_one("people/a.csv", content)
    assert (landed.rows_landed, landed.notices) == (2, ())
