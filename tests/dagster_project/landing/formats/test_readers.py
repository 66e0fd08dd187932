from __future__ import annotations

import gzip
import json

import pytest
import xlsxwriter
import zstandard

HEADER = "contact_id,email,note\n"
ROWS = "select _line, contact_id, email, note from raw.standard__contacts order by _line"
PLACE = "crm/standard/contacts/a"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_is_read_with_any_delimiter_line_end_and_byte_order_mark(landing, delimiter, end, mark):
    lines = [
        [" contact_id ", "email", "note"],
        ["1", "a@x.example", '"a ""b"", c; d"'],
        ["2", "", ""],
    ]
    content = mark + "".join(delimiter.join(cells) + end for cells in lines)
    landed = landing.land_one(f"{PLACE}.csv", content)
    assert (landed.rows_landed, landed.rows_rejected) == (2, 0)
    assert landing.rows(ROWS) == [(2, "1", "a@x.example", 'a "b", c; d'), (3, "2", "", "")]


def test_a_csv_file_without_a_final_line_end_keeps_its_last_row(landing):
    landing.land_one(f"{PLACE}.csv", HEADER + "1,,\n2,,x")
    assert landing.rows(ROWS) == [(2, "1", "", ""), (3, "2", "", "x")]


def test_line_numbers_stay_correct_after_multi_line_values_and_blank_lines(landing):
    landing.land_one(f"{PLACE}.csv", HEADER + '1,,"a\n\nb"\n\n2,,c\n')
    assert landing.rows(ROWS) == [(2, "1", "", "a\n\nb"), (6, "2", "", "c")]


@pytest.mark.parametrize(
    "content",
    [
        "1,,a\r\n2,,b\n3,,c\r\n",
        "1,,a\n2,,b\r\n3,,c\n",
        "1,,a\r2,,b\r3,,c\r",
    ],
)
def test_mixed_line_ends_lose_no_row(landing, content):
    landing.land_one(f"{PLACE}.csv", HEADER + content)
    assert landing.rows(ROWS) == [(n + 1, str(n), "", "abc"[n - 1]) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"2,x", "the number of values differs from the header: 2 instead of 3"),
        (b"2,x,y,z", "the number of values differs from the header: 4 instead of 3"),
        (b'2,"x" y,z', "broken quoting"),
        ("2,é".encode() + b"\xff,z", "not UTF-8"),
        (b"2,,long" + b"x" * 1_000_001, "longer than 1,000,000 bytes"),
    ],
)
def test_a_broken_csv_line_is_rejected_and_the_rest_lands(landing, broken, reason):
    content = HEADER.encode() + b'1,,"a\nb"\n' + broken + b"\n3,,c\n"
    landed = landing.land_one(f"{PLACE}.csv", content)
    assert (landed.rows_landed, landed.rows_rejected) == (2, 1)
    assert landing.rows(ROWS) == [(2, "1", "", "a\nb"), (5, "3", "", "c")]
    ((line, reported, text),) = landing.rejects()
    assert line == 4
    assert reported.startswith(reason)
    assert text.startswith(broken.decode(errors="replace")[:9])


def test_an_unclosed_quote_is_rejected_with_its_lines(landing):
    landed = landing.land_one(f"{PLACE}.csv", HEADER + '1,,a\n2,"x,b\n3,,c\n')
    assert (landed.rows_landed, landed.rows_rejected) == (1, 1)
    ((line, reason, content),) = landing.rejects()
    assert (line, content) == (3, '2,"x,b\n3,,c')
    assert reason.startswith("broken quoting")
    assert reason.endswith("(lines 3 to 4)")


def test_a_row_with_only_delimiters_is_a_blank_line(landing):
    landed = landing.land_one(f"{PLACE}.csv", HEADER + "1,,\n,,\n3,,\n")
    assert (landed.rows_landed, landed.rows_rejected) == (2, 0)


def test_a_file_with_only_a_header_lands_no_rows(landing):
    landed = landing.land_one(f"{PLACE}.csv", HEADER)
    assert (landed.rows_landed, landed.error) == (0, None)
    assert str(landed).endswith(": no rows")
    assert landing.rows("select rows_landed from raw.files") == [(0,)]


def test_a_column_without_a_name_is_named_by_its_number(landing):
    landing.land_one(f"{PLACE}.csv", "contact_id,\n1,x\n")
    assert landing.rows("select column2 from raw.standard__contacts") == [("x",)]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("csv", "", "the file is empty"),
        ("jsonl", "", "the file is empty"),
        ("parquet", "", "the file is empty"),
        ("csv", b"\xff\xfe,a\n1,2\n", "the file is damaged: a part of it is not utf-16"),
        ("csv", b"\x93\xfb\x96{,a\n1,2\n", "uncertain text encoding: "),
        ("parquet", b"PAR1 and then no Parquet content", "the Parquet file cannot be read"),
        ("xml", "<contacts/>", ".xml files are not read: export the data as .csv or .json"),
        ("csv", ",".join(f"c{n}" for n in range(10_000)) + "\n", "the file has 10,000 columns"),
    ],
)
def test_an_unreadable_file_is_rejected_whole(landing, name, content, reason):
    landed = landing.land_one(f"{PLACE}.{name}", content)
    assert landed.error is not None
    assert landed.error.startswith(reason)
    ((line, reason_of_reject, _),) = landing.rejects()
    assert (line, reason_of_reject) == (None, landed.error)
    assert landing.rows("select rows_landed, error from raw.files") == [(0, landed.error)]


def test_a_damaged_parquet_file_is_rejected_whole(landing):
    path = landing.put_parquet(
        f"{PLACE}.parquet", "select range as contact_id, 'x' || range as note from range(100000)"
    )
    content = bytearray(path.read_bytes())
    content[2000:4000] = bytes(2000)
    path.write_bytes(content)
    (landed,) = landing.land()
    assert landed.error == "the Parquet file is damaged: export or upload it again"
    assert landing.rows("select count(*) from raw.standard__contacts") == [(0,)]


def test_reports_contain_no_content_of_the_file(landing):
    secret = "someone@private.example"
    landing.put("events/a.csv", f"{secret},x\n{secret},y\n")
    landing.put("events/b.csv", f"{secret},{secret}\n")
    landing.put("events/c.jsonl", f'{{"contact_key":"{secret}"\n')
    landing.put("crm/standard/contacts/d.csv", f"{secret},b\n1,2\n")
    assert not any(secret in str(landed) for landed in landing.land())


def test_the_line_of_a_parquet_row_is_its_number(landing):
    landing.put_parquet(
        f"{PLACE}.parquet",
        """select * from (values (1, 'a', timestamptz '2024-06-01 00:00:00+02'), (2, null, null))
           as t(contact_id, note, updated_at)""",
    )
    landing.land()
    assert landing.rows(
        "select _line, contact_id, note, updated_at from raw.standard__contacts"
    ) == [
        (1, "1", "a", "2024-05-31 22:00:00+00"),
        (2, "2", "", ""),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_json_lines_count_blank_lines_and_reject_broken_lines(landing, end):
    lines = [
        '{"contact_id":"1","note":"x, \\"y\\" é"}',
        "",
        '{"contact_id":',
        '["contact_id"]',
        '  {"contact_id":2,"note":{"a":[true]}}  ',
        '{"contact_id":"3"}{"contact_id":"4"}',
        "   ",
        '{"contact_id":"5","note":""}',
    ]
    landed = landing.land_one(f"{PLACE}.jsonl", "\ufeff" + end.join(lines))
    assert landing.rows(
        "select _line, contact_id, note from raw.standard__contacts order by 1"
    ) == [
        (1, "1", 'x, "y" é'),
        (5, "2", '{"a":[true]}'),
        (8, "5", ""),
    ]
    assert landing.rejects() == [(n, "not a JSON object", lines[n - 1]) for n in (3, 4, 6)]
    assert (landed.rows_landed, landed.rows_rejected) == (3, 3)


def test_json_lines_keep_their_numbers_after_mixed_ends_and_rejected_lines(landing):
    lines = [
        b'{"contact_id":"1"}\r\n',
        b'{"contact_id":"2"}\n',
        b'{"contact_id":"\xff"}\n',
        json.dumps({"contact_id": "4", "note": "x" * 1_500_000}).encode() + b"\n",
        b'{"contact_id":"5",\r"note":"x"}\r\n',
        b"\n",
        b'{"contact_id":"7"}',
    ]
    landing.land_one(f"{PLACE}.jsonl", b"".join(lines))
    assert landing.rows("select _line, contact_id from raw.standard__contacts order by 1") == [
        (1, "1"),
        (2, "2"),
        (5, "5"),
        (7, "7"),
    ]
    assert [(line, reason) for line, reason, _ in landing.rejects()] == [
        (3, "not UTF-8"),
        (4, "longer than 1,000,000 bytes"),
    ]


def test_a_control_character_does_not_hide_the_rest_of_the_line(landing):
    lines = [
        '{"contact_id":"1"}\x1f{"contact_id":"2"}',
        '\x1f{"contact_id":"3"}',
        '{"contact_id":"4"}',
    ]
    landed = landing.land_one(f"{PLACE}.jsonl", "\n".join(lines))
    assert (landed.rows_landed, landed.rows_rejected) == (1, 2)
    assert [content for _, _, content in landing.rejects()] == lines[:2]


def test_the_source_s_format_overrides_the_file_name(make_landing):
    landing = make_landing(shop={"as": "events", "format": "jsonl"})
    landed = landing.land_one(
        "shop/a.log", '{"contact_key":"a","name":"n","occurred_at":"2024-06-01"}\n'
    )
    assert landed.rows_landed == 1


@pytest.mark.parametrize("name", ["a[1]", "what?", "b*", "o'clock", "ünï cödé"])
@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_special_characters_in_file_names_are_literal(landing, name, ending):
    for other in ("a1", "what1", "bcd"):
        landing.put(f"crm/standard/contacts/.{other}.{ending}", "not to be read")
    place = f"crm/standard/contacts/{name}.{ending}"
    if ending == "parquet":
        landing.put_parquet(place, "select 1 as contact_id")
    else:
        landing.put(place, "contact_id\n1\n" if ending == "csv" else '{"contact_id":1}\n')
    (landed,) = landing.land()
    assert (landed.rows_landed, landed.error) == (1, None)


def test_column_names_are_never_run_as_sql(landing):
    name = 'x"; drop table raw.files; --'
    landing.put(f"{PLACE}.csv", 'contact_id,"x""; drop table raw.files; --"\n1,y\n')
    landing.put(f"{PLACE}.jsonl", json.dumps({"contact_id": 2, name: "z"}))
    landing.put(
        "events/a.csv",
        'contact_key,name,occurred_at,"x""; drop table raw.files; --"\na,n,2024-06-01,y\n',
    )
    landing.land()
    quoted = '"' + name.replace('"', '""') + '"'
    assert landing.rows(f"select {quoted} from raw.standard__contacts order by 1") == [
        ("y",),
        ("z",),
    ]
    ((properties,),) = landing.rows("select properties from raw.events")
    assert json.loads(properties) == {name: "y"}


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst", "a.csv"])
def test_a_truncated_packed_file_lands_once_it_is_complete(landing, name):
    content = HEADER.encode() + b"".join(b"%03d,,x%d\n" % (n, n * n) for n in range(500))
    pack = zstandard.compress if name.endswith("zst") else gzip.compress
    place = f"crm/standard/contacts/{name}"
    packed = pack(content)
    landed = landing.land_one(place, packed[: len(packed) // 2])
    assert "truncated" in landed.error
    assert landing.rows("select count(*) from raw.standard__contacts") == [(0,)]
    landed = landing.land_one(place, packed)
    assert (landed.rows_landed, landed.error) == (500, None)
    assert landing.rows(ROWS)[7] == (9, "007", "", "x49")


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_truncated_file_of_events_lands_nothing(landing, pack):
    lines = [
        f'{{"event_id":"{n}","contact_key":"c","name":"n","occurred_at":"2024-06-01"}}\n'
        for n in range(5000)
    ]
    packed = pack("".join(lines).encode())
    assert "truncated" in landing.land_one("events/a.jsonl.gz", packed[:-2]).error
    assert landing.rows("select count(*) from raw.events") == [(0,)]
    assert landing.land_one("events/a.jsonl.gz", packed).rows_landed == 5000


def test_packed_parquet_and_a_workbook_land(landing, tmp_path):
    path = landing.put_parquet("crm/standard/contacts/.p", "select '007' as contact_id, 1.50 as a")
    landing.put(f"{PLACE}.parquet.zst", zstandard.compress(path.read_bytes()))
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["contact_id", "a"])
        sheet.write_row(1, 0, ["008", "x"])
    landing.put(f"{PLACE}.xlsx", (tmp_path / "a.xlsx").read_bytes())
    landing.land()
    rows = landing.rows("select contact_id, a, _line from raw.standard__contacts order by 1")
    assert rows == [("007", "1.50", 1), ("008", "x", 2)]


def test_nested_parquet_types_land_as_text(landing):
    landing.put_parquet(
        f"{PLACE}.parquet",
        """select 1 as contact_id, [1, 2] as a, {'x': 'é', 'y': [true]} as b, map {'k': 1} as c,
           1.50::decimal(5, 2) as d, date '2024-03-01' as e, time '12:30' as f""",
    )
    landing.land()
    assert landing.rows("select a, b, c, d, e, f from raw.standard__contacts") == [
        ("[1,2]", '{"x":"é","y":[true]}', '{"k":1}', "1.50", "2024-03-01", "12:30:00")
    ]


def test_a_file_with_an_uncertain_encoding_lands_once_its_source_declares_the_encoding(
    make_landing,
):
    landing = make_landing(shop={"as": "crm/other/things"})
    landed = landing.land_one("shop/a.csv", "id,name\n1,España\n".encode("cp1252"))
    assert "Set the source's encoding" in landed.error
    landing.settings.sources["shop"].encoding = "cp1252"
    (landed,) = landing.land()
    assert landed.rows_landed == 1
    assert landing.rows("select name from raw.other__things") == [("España",)]


def test_a_possible_stray_quote_rejects_its_record(landing):
    content = 'contact_id,email,note\n1,a,"Big TV\n2,b,TV\n3,c,40"\n4,d,"one\ntwo"\n'
    landed = landing.land_one(PLACE + ".csv", content)
    assert (landed.rows_landed, landed.rows_rejected) == (1, 1)
    [(line, reason, _)] = landing.rejects()
    assert line == 2
    assert reason.startswith("a stray quote is possible: lines 2 to 4 are one record, or 3 records")


def test_a_declared_quote_is_trusted(make_landing):
    landing = make_landing(people={"as": "crm/standard/contacts", "quote": '"'})
    content = 'contact_id,email,note\n1,a,"Big TV\n2,b,TV\n3,c,40"\n'
    assert landing.land_one("people/a.csv", content).rows_landed == 1


OBJECTS = [
    '{"contact_id":"1","note":"x, \\"y\\" é","n":1.5,"deep":{"a":[1,null]},"off":null,"empty":""}',
    '{"note":"z","contact_id":2,"n":"7","deep":{},"off":true,"empty":"x"}',
]


@pytest.mark.parametrize(
    ("more", "landed", "rejected"),
    [
        ([], 2, 0),
        (['{"contact_id":"3","other":1}'], 3, 0),
        (["", '{"contact_id":"3"}'], 3, 0),
        (['{"note":"no id","n":1,"deep":1,"off":1,"empty":1,"contact_id":null}'], 2, 1),
        (["no object"], 2, 1),
        (['{"contact_id":"3","contact_id":"4","note":1,"n":1,"deep":1,"off":1}'], 2, 1),
    ],
)
def test_objects_with_equal_keys_land_like_all_others(landing, more, landed, rejected):
    """The fast reading takes files whose objects have the same keys; the slower one all others."""
    found = landing.land_one(f"{PLACE}.jsonl", "\n".join([*OBJECTS, *more]) + "\n")
    assert (found.error, found.rows_landed, found.rows_rejected) == (None, landed, rejected)
    rows = landing.rows(
        """select _line, contact_id, note, n, deep, off, empty from raw.standard__contacts
           where contact_id in ('1', '2') order by 1"""
    )
    assert rows == [
        (1, "1", 'x, "y" é', "1.5", '{"a":[1,null]}', "", ""),
        (2, "2", "z", "7", "{}", "true", "x"),
    ]
    assert [line for line, _, _ in landing.rejects()] == [3] * rejected


@pytest.mark.parametrize("slower", ["", '{"event_id":"9","contact_key":"b","name":"n"}\n'])
def test_the_properties_of_objects_with_equal_keys_keep_their_json(landing, slower):
    lines = [
        json.dumps(
            {"event_id": str(n), "contact_key": "a", "name": "n", "occurred_at": "2024-06-01"}
        )[:-1]
        + ', "amount": 1.5, "plan": "pro", "items": [1, {"a": null}], "none": null}\n'
        for n in range(3)
    ]
    found = landing.land_one("events/a.jsonl", "".join(lines) + slower)
    assert found.rows_landed == 3
    assert landing.rows("select distinct properties from raw.events") == [
        ('{"amount":1.5,"plan":"pro","items":[1,{"a":null}],"none":null}',)
    ]
