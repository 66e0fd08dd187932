# ruff: noqa: RUF001 - the tests need letters that look alike
from __future__ import annotations

import pytest

from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.formats.encoding import UTF_8, encoding_of


@pytest.fixture
def detect(tmp_path):
    def detect_encoding(content: bytes, declared: str = "detect") -> str:
        path = tmp_path / "a.csv"
        path.write_bytes(content)
        return encoding_of(path, declared)

    return detect_encoding


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
def test_unicode_encodings_are_detected_with_and_without_a_byte_order_mark(
    detect, text, encoding, name
):
    assert detect(text.encode(encoding)) == name


def test_utf_8_is_detected_when_a_block_ends_within_a_letter(detect):
    for before in range(4):
        assert detect(b"x" * ((1 << 20) - before) + "é😀".encode()) == UTF_8


def test_a_few_invalid_bytes_do_not_change_the_encoding(detect):
    assert detect("a\né\nü\n".encode() + b"\xff\n") == UTF_8


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
def test_western_words_are_windows_1252(detect, words):
    assert detect(f"name\n{words}\n".encode("cp1252")) == "cp1252"


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
        ("España", "cp1252"),  # a single word could also be Polish
    ],
)
def test_words_that_fit_another_code_page_are_not_windows_1252(detect, words, encoding):
    with pytest.raises(FileRejectedError, match=r"encoding in sendhouse.toml") as rejected:
        detect(f"name\n{words}\n".encode(encoding))
    assert "tried cp1252, cp1250" in str(rejected.value)
    assert detect(f"name\n{words}\n".encode(encoding), encoding) in (
        encoding,
        encoding.replace("_", "-"),
    )


def test_a_declared_encoding_is_used_and_a_byte_order_mark_is_skipped(detect):
    assert detect(b"abc", "latin-1") == "iso8859-1"
    assert detect("abc".encode("utf-8-sig"), "utf8") == UTF_8
    assert detect("abc".encode("utf-16"), "utf-16-le") == "utf-16"


def test_binary_content_is_refused(detect):
    with pytest.raises(FileRejectedError, match="not a text file"):
        detect(bytes(range(8)) * 3 + bytes(40))
