# ruff: noqa: RUF001 - letters that look alike are what this is about
from __future__ import annotations

import pytest

from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.formats.encoding import UTF_8, encoding_of


@pytest.fixture
def told(tmp_path):
    def tell(content: bytes, declared: str = "detect") -> str:
        path = tmp_path / "a.csv"
        path.write_bytes(content)
        return encoding_of(path, declared)

    return tell


@pytest.mark.parametrize("text", ["id,name\n1,Ada\n", "id,näme\n1,山田 ʤ 😀\n"])
@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", UTF_8),
        ("utf-8-sig", UTF_8),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("utf-32-le", "utf-32-le"),
        ("utf-32-be", "utf-32-be"),
    ],
)
def test_unicode_is_told_with_and_without_a_byte_order_mark(told, text, encoding, name):
    assert told(text.encode(encoding)) == name


def test_utf_8_is_told_wherever_a_letter_is_cut(told):
    for before in range(4):
        assert told(b"x" * ((1 << 20) - before) + "é😀".encode()) == UTF_8


def test_a_few_bad_bytes_in_utf_8_are_a_matter_of_their_rows(told):
    assert told("a\né\nü\n".encode() + b"\xff\n") == UTF_8


@pytest.mark.parametrize(
    "words",
    [
        "Müller, Jürgen, Weiß",
        "José Muñoz, García",
        "François Lefèvre, Hélène à Orléans – “ça va” l’été",
        "Sørensen, Ærø, Åse",
        "São João, Conceição, coração",
        "€ 5, © 2024, 20 °",
    ],
)
def test_western_words_are_windows_1252(told, words):
    assert told(f"name\n{words}\n".encode("cp1252")) == "cp1252"


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        ("Łódź, Paweł, Żółć", "cp1250"),
        ("Dvořák, Kovář", "cp1250"),
        ("Gdańsk", "cp1250"),
        ("Ağrı, Şişli", "cp1254"),
        ("Jānis Bērziņš", "cp1257"),
        ("Иван Петров", "cp1251"),
        ("Иван", "koi8-r"),
        ("Γιώργος", "cp1253"),
        ("José, Müller", "cp850"),
        ("José", "cp850"),
        ("café, José", "mac_roman"),
        ("École", "mac_roman"),
        ("山田", "shift_jis"),
        ("王小明", "gbk"),
        ("שלום", "cp1255"),
        ("España", "cp1252"),  # as likely Polish, with nothing else to go by
    ],
)
def test_words_that_may_be_others_are_not_taken_for_windows_1252(told, words, encoding):
    with pytest.raises(FileRejectedError, match=r"encoding in sendhouse.toml") as rejected:
        told(f"name\n{words}\n".encode(encoding))
    assert "tried cp1252, cp1250" in str(rejected.value)
    assert told(f"name\n{words}\n".encode(encoding), encoding) in (
        encoding,
        encoding.replace("_", "-"),
    )


def test_a_declared_encoding_is_taken_and_a_mark_is_no_part_of_the_text(told):
    assert told(b"abc", "latin-1") == "iso8859-1"
    assert told("abc".encode("utf-8-sig"), "utf8") == UTF_8
    assert told("abc".encode("utf-16"), "utf-16-le") == "utf-16"


def test_bytes_that_are_no_text_are_refused(told):
    with pytest.raises(FileRejectedError, match="not a text file"):
        told(bytes(range(8)) * 3 + bytes(40))
