"""All spellings of an address have one normal form."""
# ruff: noqa: RUF001 - letters that look alike are the subject

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from senders.addresses import email_hash, normal_address

HASH = Path(__file__).parents[2] / "dbt/macros/engine/hash_id.sql"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Ada.L+news@BÜCHER.example", "ada.l+news@xn--bcher-kva.example"),
        ("ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--bcher-kva.example", "ada@xn--bcher-kva.example"),
        # IDNA 2008: this domain differs from strasse.example.
        ("ada@straße.example", "ada@xn--strae-oqa.example"),
        ("ada@例え。jp", "ada@xn--r8jz45g.jp"),
        ("SØREN@x.example", "søren@x.example"),
        ("JU\u0308RGEN@x.example", "jürgen@x.example"),
        ("GROẞ@x.example", "groß@x.example"),
        ("\u212aelvin.\u212bngström@x.example", "kelvin.ångström@x.example"),
        ("ЮРІЙ@x.example", "юрій@x.example"),
        ("ada@-ü.example", None),
        ("ada@ü..example", None),
        ("ada@host.test", None),
        ("Crm-Ü7", None),
        ("", None),
    ],
)
def test_only_letters_and_the_domain_are_normalised(address: str, expected: str | None):
    assert normal_address(address) == expected


@pytest.mark.parametrize(
    "spellings",
    [
        ["ΝΙΚΟΣ@x.example", "νικος@x.example", "νικοσ@x.example", "Νικος@X.example"],
        ["ΣΟΦΙΑ.ΠΑΠΑΣ+ΝΕΑ@x.example", "σοφια.παπας+νεα@x.example", "ςοφια.παπασ+νεα@x.example"],
        ["a@ΝΙΚΟΣ.example", "a@νικος.example", "a@νικοσ.example"],
        ["İPEK@x.example", "ipek@x.example", "i\u0307pek@x.example", "I\u0307PEK@x.example"],
        ["a@İpek.example", "a@ipek.example", "a@i\u0307pek.example"],
        ["ſam@x.example", "sam@x.example", "SAM@x.example"],
    ],
)
def test_forms_of_one_letter_are_one_address(spellings: list[str]):
    assert len({normal_address(spelling) for spelling in spellings}) == 1
    assert len({email_hash(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    "pair",
    [
        ("ışık@x.example", "işik@x.example"),
        ("strasse@x.example", "straße@x.example"),
        ("ada.l@x.example", "adal@x.example"),
        ("ada+a@x.example", "ada@x.example"),
    ],
)
def test_different_letters_are_different_addresses(pair: tuple[str, str]):
    assert len({normal_address(address) for address in pair}) == 2


@pytest.mark.parametrize(
    "address", ["νικος@x.example", "ipek@x.example", "søren@x.example", "ada@x.example"]
)
def test_the_models_hash_an_address_like_python(address: str):
    text = HASH.read_text(encoding="utf-8")
    [sql] = re.findall(r"macro default__hash_email\(email\) -%}(.*?){%- endmacro", text, re.DOTALL)
    in_models = duckdb.execute(f"select {sql.replace('{{ email }}', '$text')}", {"text": address})
    assert in_models.fetchone() == (email_hash(f" {address.upper()}"),)
