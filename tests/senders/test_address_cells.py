"""The addresses in a cell: certain readings, doubtful ones, and what SQL reads without Python."""

from __future__ import annotations

import random
import re
import unicodedata
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest

from dagster_project.audit.crm.addresses import Verdict, verdict_of_cell
from dagster_project.home.settings import PROJECT_DIR
from senders.address_cells import Reading, read_cell
from senders.addresses import normal_address, wire_address

MACROS = Path(__file__).parents[2] / "dbt/macros/engine/email.sql"
ISEMAIL = PROJECT_DIR.parent / "shared/data/addresses/tests.xml"
ANN, BOB = "ann@x.example", "bob@y.example"

ONE_ADDRESS = [
    "ann@x.example",
    " Ann@X.Example\t",
    "\u200bann@x.example\ufeff",
    "\u2003ann@x.example\u00a0\r\n",
    "Ann <ann@x.example>",
    "Zwei, Ann <ann@x.example>",
    '"Zwei, Ann" <ann@x.example>',
    "<ann@x.example>",
    "mailto:ann@x.example",
    "MAILTO:ann%40x.example?subject=Hi&body=Bye",
    "mailto: Ann <ann@x.example>",
    "SMTP:ann@x.example",
    "E-Mail: ann@x.example",
    "email address: ann@x.example",
    "ann@x.example,",
    "ann@x.example.",
    "ann@x.example ;",
    ", ann@x.example",
    "- ann@x.example",
    "'ann@x.example",
    "'ann@x.example'",
    "\u2019ann@x.example",
    "\u00b4ann@x.example\u00b4",
    "\uff07ann@x.example",
    '="ann@x.example"',
    '=""ann@x.example""',
    '"ann@x.example"',
    '""ann@x.example""',
    "\u201cann@x.example\u201d",
    "\u201eann@x.example\u201c",
    "\u00abann@x.example\u00bb",
    "(ann@x.example)",
    "[ann@x.example]",
    '["ann@x.example"]',
    '[{"label": "work", "value": "ann@x.example", "primary": true}]',
    "ann@x.example; ANN@x.example",
    "\uff41\uff4e\uff4e\uff20\uff58.example",
]
TWO_ADDRESSES = [
    "ann@x.example; bob@y.example",
    "ann@x.example;bob@y.example;",
    "ann@x.example, bob@y.example",
    "ann@x.example bob@y.example",
    "ann@x.example\nbob@y.example",
    "ann@x.example | bob@y.example",
    "ann@x.example / bob@y.example",
    "Ann <ann@x.example>; Zwei, Bob <bob@y.example>",
    "mailto:ann@x.example, mailto:bob@y.example",
    "'ann@x.example; 'bob@y.example",
    '["ann@x.example", "bob@y.example"]',
    '[{"value": "bob@y.example", "primary": false}, {"value": "ann@x.example", "primary": true}]',
]
DOUBTFUL = [
    "ann@x.example (old)",
    "ann@x.example - do not mail",
    "Ann ann@x.example",
    "Ann (ann@x.example)",
    "ann at x.example",
    "ann(at)x.example",
    "ann [at] x [dot] example",
    "ann @ x.example",
    "ann@ x .example",
    "ann@x,example",
    "ann@x..example",
    "ann@@x.example",
    ".ann@x.example",
    "ann.@x.example",
    "ann\u200b@x.example",
    "ann\u00ad@x.example",
    '"ann"@x.example',
    "=ann@x.example",
    "ann@x.example?subject=hi",
    "ann@x.example>",
    "&lt;ann@x.example&gt;",
    "hubspot:ann@x.example",
    "[ann@x.example](mailto:ann@x.example)",
    '<a href="mailto:ann@x.example">Ann</a>',
    '=HYPERLINK("mailto:ann@x.example"; "Ann")',
    "n/a; ann@x.example",
    "ann%40x.example (unsubscribed)",
    '[{"value": "ann@x.example", "owner": "bob@y.example"}]',
    '{"value": ["ann@x.example"]}',
    "\u2039ann@x.example\u203a",
    "\u300cann@x.example\u300d",
    "\u3010ann@x.example\u3011",
    "\u2013ann@x.example",
    "\u2014 ann@x.example",
    "\U0001f4e7ann@x.example",
    "\u00bfann@x.example?",
    "ann@x.example\u2122",
    "ann[@]x.example",
    "ann@x[.]example",
    "ann(@)x(.)example",
    "ann(comment)@x.example",
    "ann@(comment)x.example",
    "an\x00n@x.example",
    "ann%2540x.example",
    "ann\\u0040x.example",
    "ann@x.example.invalid",
    "ann@x.example_inactive",
    "[u'ann@x.example']",
]
NO_ADDRESS = ["", "-", "n/a", "none", "ann", "ann@", "@x.example", "ann@localhost", "ann@host.test"]


@pytest.mark.parametrize("cell", ONE_ADDRESS)
def test_a_decorated_address_is_read_with_certainty(cell: str):
    assert read_cell(cell) == Reading((ANN,), is_certain=True)
    assert read_cell(cell).address == ANN


@pytest.mark.parametrize("cell", TWO_ADDRESSES)
def test_a_list_of_addresses_is_read_with_certainty_and_none_of_them_is_mailed(cell: str):
    assert read_cell(cell) == Reading((ANN, BOB), is_certain=True)
    assert read_cell(cell).address is None


@pytest.mark.parametrize("cell", DOUBTFUL)
def test_a_doubtful_cell_still_gives_the_address_that_it_can_mean(cell: str):
    reading = read_cell(cell)
    assert not reading.is_certain
    assert ANN in reading.addresses
    assert reading.address is None


@pytest.mark.parametrize("cell", NO_ADDRESS)
def test_a_cell_without_an_address_gives_none(cell: str):
    assert read_cell(cell) == Reading((), is_certain=False)


@pytest.mark.parametrize(
    "cell",
    [
        "o'brien@x.example",
        "-ann@x.example",
        "ann/bob@x.example",
        "a+b=c@x.example",
        "#1@x.example",
    ],
)
def test_a_valid_address_is_read_as_written(cell: str):
    assert read_cell(cell) == Reading((cell,), is_certain=True)


def test_an_apostrophe_in_a_doubtful_address_is_no_start_of_another_address():
    assert read_cell("o'brien@x.example (old)").addresses == ("o'brien@x.example",)


def test_any_decoration_around_any_address_keeps_the_address():
    """Nested decoration, in any order: whatever the reading, a refusal finds the address."""
    chosen = random.Random(13)
    around = [
        "{}", " {} ", "<{}>", "Ann <{}>", "'{}", '"{}"', "{},", "{}.", "{};", "mailto:{}", '="{}"',
        "({})", "{} (old)", "x {}", "{} x", "{}; bob@y.example", "bob@y.example, {}", "\u200b{}",
        "{}\n", "E-Mail: {}", "{}>", "* {}",
    ]  # fmt: skip
    for _ in range(1500):
        cell = ANN
        for _ in range(chosen.randint(1, 4)):
            cell = chosen.choice(around).format(cell)
        assert ANN in read_cell(cell).addresses, cell


@pytest.mark.parametrize(
    "cell",
    ["(" * 50_000, "ann@x.example, " * 5_000, "@" * 50_000, ",;| \n" * 10_000, '[{"' * 20_000],
    ids=["brackets", "addresses", "at signs", "separators", "json"],
)
def test_a_huge_cell_is_read_in_a_moment(cell: str):
    assert not read_cell(cell).is_certain


def sql_of(macro: str, text: str) -> str:
    """The SQL of a macro in email.sql; the macro is_plain_address is replaced within it."""
    source = MACROS.read_text(encoding="utf-8")
    [sql] = re.findall(rf"macro default__{macro}\(text\) -%}}(.*?){{%- endmacro", source, re.DOTALL)
    if macro != "is_plain_address":
        sql = sql.replace("{{ is_plain_address(text) }}", sql_of("is_plain_address", text))
    return sql.replace("{{ text }}", text)


def _cells() -> list[str]:
    """Random texts of the characters that matter, and every cell of the tables above."""
    chosen = random.Random(8)
    letters = "aZ09aZ09._+-@n'\" ,;<%/=\u03c2\u0130\u00fc"

    def text(longest: int) -> str:
        return "".join(chosen.choice(letters) for _ in range(chosen.randint(1, longest)))

    texts = {text(14) for _ in range(10_000)} | {
        f"{text(4)}@{text(3)}.{chosen.choice(['de', 'c', 'c1', 'Test', 'x.example', text(2)])}"
        for _ in range(20_000)
    }
    domains = [
        "x.example",
        "x.test",
        "x.ex-ample",
        "xn--a.example",
        "a--b.example",
        "ab--c.de",
    ]
    names = ["a.b", "a..b", ".a", "a.", "-a", "_a", "a_", "A+b", "a" * 64, "a" * 65, "a%b", "'a"]
    built = {f"{name}@{domain}" for name in names for domain in domains}
    return sorted(texts | built | {*ONE_ADDRESS, *TWO_ADDRESSES, *DOUBTFUL, *NO_ADDRESS})


def test_what_sql_reads_alone_python_reads_the_same_way():
    cells = _cells()
    query = f"""
        select cell, {sql_of("is_plain_address", "cell")}, {sql_of("address_cell", "cell")}
        from (select unnest($cells) as cell)"""
    rows = duckdb.execute(query, {"cells": cells}).fetchall()
    plain = [cell for cell, is_plain, _ in rows if is_plain]
    assert len(plain) > 100
    for cell in plain:
        assert read_cell(cell) == Reading((cell.lower(),), is_certain=True), cell
    # A cell that neither SQL nor Python reads holds no address.
    unread = [cell for cell, is_plain, left in rows if not is_plain and left is None]
    for cell in unread:
        assert read_cell(cell).addresses == (), cell


@pytest.mark.shared_data
@pytest.mark.skipif(not ISEMAIL.is_file(), reason="needs shared/data/addresses/tests.xml")
def test_models_audit_and_sender_agree_on_the_isemail_test_set():
    tests = ElementTree.parse(ISEMAIL).getroot().iter("test")
    cells = [_decoded(case.findtext("address") or "") for case in tests]
    plain = duckdb.execute(
        f"select list({sql_of('is_plain_address', 'cell')}) from (select unnest($cells) as cell)",
        {"cells": cells},
    ).fetchall()[0][0]
    agreed = {True: 0, False: 0}
    for cell, is_plain in zip(cells, plain, strict=True):
        address = read_cell(cell).address
        assert (verdict_of_cell(cell) is not Verdict.invalid) == (address is not None)
        assert not is_plain or address == cell.lower()
        if address is not None:
            assert wire_address(address, smtputf8=True) == address == normal_address(address)
        agreed[address is not None] += 1
    assert agreed == {True: 47, False: 117}


def _decoded(address: str) -> str:
    """Restore control characters: the XML file has control pictures instead."""
    return "".join(chr(ord(c) - 0x2400) if 0x2400 <= ord(c) <= 0x241F else c for c in address)


def test_every_letter_has_one_form():
    """Over all of Unicode: DuckDB's lower case, upper case and decomposition change no address.

    The dotless i is the exception: its upper case is I, which is the upper case of i.
    """
    letters = [chr(code) for code in range(0x80, 0x110000)]
    letters = [one for one in letters if unicodedata.category(one) not in ("Cn", "Cs", "Co")]
    lower = dict(
        duckdb.execute(
            "select one, lower(one) from (select unnest($letters) as one)", {"letters": letters}
        ).fetchall()
    )
    varied = [
        one
        for one in letters
        if len({one, lower[one], one.lower(), one.upper(), one.casefold()}) > 1
        or unicodedata.normalize("NFD", one) != one
        or unicodedata.decomposition(one).startswith(("<wide>", "<narrow>"))
    ]
    # Each decomposition is one of a small number of kinds; every eighth Hangul syllable is enough.
    varied = [one for one in varied if not 0xAC00 <= ord(one) <= 0xD7A3 or ord(one) % 64 == 0]
    assert len(varied) > 3_000
    for one in varied:
        for place in ("a{}b@x.example", "a@x{}y.example"):
            address = normal_address(place.format(one))
            spellings = {lower[one], unicodedata.normalize("NFD", one)}
            if len(one.upper()) == 1 and one != "\N{LATIN SMALL LETTER DOTLESS I}":
                spellings.add(one.upper())
            for spelling in spellings:
                assert normal_address(place.format(spelling)) == address, (place, one, spelling)
            assert address is None or normal_address(address) == address
