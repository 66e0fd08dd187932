"""All spellings of an address have one canonical form."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from senders.addresses import ascii_domain, canonical_email, email_hash

MACROS = Path(__file__).parents[2] / "dbt" / "macros" / "engine"


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        # IDNA 2008: this domain differs from strasse.example.
        ("straße.example", "xn--strae-oqa.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("x.example", "x.example"),
        ("-ü.example", None),
        ("ü..example", None),
        ("", None),
    ],
)
def test_a_domain_is_converted_to_its_dns_form_or_none(domain: str, expected: str | None):
    assert ascii_domain(domain) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (" Ada.L+news@BÜCHER.example ", "ada.l+news@xn--bcher-kva.example"),
        ("\u200bada@bücher.example\u00a0\r\n", "ada@xn--bcher-kva.example"),
        ("SØREN@x.example", "søren@x.example"),
        ("sø@ren@-ü.example", "sø@ren@-ü.example"),
        ("Crm-Ü7", "crm-ü7"),
    ],
)
def test_only_case_composition_and_domain_are_normalised(address: str, expected: str):
    assert canonical_email(address) == expected


def macro_sql(file: str, name: str, **arguments: str) -> str:
    """The SQL of a macro that uses its arguments and no other macro than `trimmed`."""
    text = (MACROS / file).read_text(encoding="utf-8")
    [sql] = re.findall(rf"macro default__{name}\(\w+\) -%}}(.*?){{%- endmacro", text, re.DOTALL)
    if "trimmed(text)" in sql:
        sql = sql.replace("{{ trimmed(text) }}", macro_sql(file, "trimmed", text="$text"))
    for argument, value in arguments.items():
        sql = sql.replace(f"{{{{ {argument} }}}}", value)
    assert "{" not in sql
    return sql


@pytest.mark.parametrize(
    "address",
    [
        "ΑΛΕΞΗΣ@x.example",
        " ΑΛΕΞΗΣ.ΑΛΕΞΗΣ+ΑΛΕΞΗΣ@x.example\u00a0",
        "İREM@x.example",
        "I\u0307REM@x.example",
        "IŞIK@x.example",
        "GROẞ.Straße@x.example",
        "\u212aelvin.\u212bngström@x.example",
        "ЮРІЙ@x.example",
        "ǅemal.Ǳ@x.example",
        "ADA@X.example",
    ],
)
def test_an_address_has_the_same_key_and_hash_in_python_and_in_the_models(address: str):
    plain = macro_sql("email.sql", "plain_email", text="$text")
    hashed = macro_sql("hash_id.sql", "hash_email", email="$text")
    in_models = duckdb.execute(f"select {plain}, {hashed}", {"text": address}).fetchone()
    assert in_models == (canonical_email(address), email_hash(address))
