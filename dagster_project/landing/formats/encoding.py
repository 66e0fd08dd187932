"""Detects the encoding of a text file. An uncertain encoding rejects the file.

A byte-order mark or valid UTF-8 is certain. A one-byte encoding is not, because most bytes are
letters in all of them. Windows-1252 (Western Europe) is accepted only under two conditions: every
word looks like a word of a Western language, and no other code page gives words of its languages.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import TYPE_CHECKING

from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.formats.packing import open_unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

UTF_8 = "utf-8-sig"
"""Python's name of UTF-8 with or without a byte-order mark."""

HEAD_BYTES = 1 << 16
_BLOCK_BYTES = 1 << 20

_MARKS = {  # order matters: the UTF-32-LE mark starts with the UTF-16-LE mark
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")

_WESTERN = (
    "àâæçèéêëîïôœùûüÿ",  # French
    "áàçéèíïñóòúü",  # Spanish, Catalan
    "áâãàçéêíóôõúü",  # Portuguese
    "àèéìíîòóùú",  # Italian
    "äåæéöøü",  # Danish, Norwegian, Swedish, Finnish
    "áæðéíóöúýþ",  # Icelandic
    "áäéèêëíïóöúü",  # Dutch
)
_SHARED = "äöüßéáó"
_OTHERS = {
    "cp1250": (
        "áčďéěíňóřšťúůýž",  # Czech
        "áäčďéíĺľňóôŕšťúýž",  # Slovak
        "ąćęłńóśźż",  # Polish
        "áéíóöőúüű",  # Hungarian
        "ăâîşţ",  # Romanian
        "čćđšž",  # Croatian, Slovenian
    ),
    "cp1254": ("çğıöşüâîû",),  # Turkish
    "cp1257": (
        "āčēģīķļņōŗšūž",  # Latvian
        "ąčęėįšųūž",  # Lithuanian
    ),
}
# Signs of cp1252 that may precede, follow or join words; elsewhere the byte is a letter of another
# code page.
_BEFORE = "„‚“‘«‹¿¡£€§©–—•\xa0"  # noqa: RUF001
_AFTER = "”“’‘»›€£¢…™®°²³ªº–—\xa0"  # noqa: RUF001
_BETWEEN = re.compile(r"[’–—\xa0]")  # noqa: RUF001
_CAPITAL_INSIDE = re.compile(r"[a-zß-öø-ÿ][À-ÖØ-ÞŠŽŒŸ]")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
_MAX_WORD_BYTES = 60
_MAX_WORDS = 100_000


def encoding_of(path: Path, declared: str) -> str:
    """Determine the encoding of a text file.

    Args:
        path: the file, packed or not; the function reads the whole file.
        declared: "detect", or Python's name of the encoding, which is used unchecked.

    Returns:
        Python's name of the encoding; a byte-order mark is not part of the text.

    Raises:
        FileRejectedError: the encoding is uncertain; or a packed file is truncated or damaged.

    """
    with open_unpacked(path) as handle:
        head = handle.read(HEAD_BYTES)
    wide = wide_encoding(head)
    if declared != "detect":
        named = codecs.lookup(declared).name
        # "utf-16-le" with a byte-order mark is "utf-16", so the mark is not part of the text.
        return UTF_8 if named == "utf-8" else wide if wide and wide in named else named
    if wide:
        return wide
    if _is_utf_8(path):
        return UTF_8
    sequences, strays = _count_utf_8(path)
    if strays <= sequences:
        return UTF_8  # rows with stray bytes are rejected one by one
    closest = ""
    if not sequences:
        words = _words(path)
        rivals = [name for name in _OTHERS if _is_language(words, name)]
        western = _is_western(words)
        if western and not rivals:
            return "cp1252"
        closest = "; closest: " + (", ".join(["cp1252"] * western + rivals) or "none of these")
    raise FileRejectedError(
        "uncertain text encoding: the file has no byte-order mark and is not UTF-8, UTF-16 or "
        f"UTF-32; tried cp1252, {', '.join(_OTHERS)}{closest}. "
        'Set the source\'s encoding in sendhouse.toml (example: encoding = "cp1252")'
    )


def wide_encoding(head: bytes) -> str | None:
    """Detect UTF-16 or UTF-32, with or without byte-order mark, by a file's first bytes.

    Raises:
        FileRejectedError: many bytes are NUL, but the file is neither UTF-16 nor UTF-32.

    """
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if head.count(0) * 5 < len(head):
        return None
    fitting = [encoding for encoding in _WIDE if _is_text(head, encoding)]
    if len(fitting) == 1:
        return fitting[0]
    raise FileRejectedError(
        "not a text file: many bytes are NUL, and the text is neither UTF-16 nor UTF-32; "
        "for a text file, set the source's format or encoding in sendhouse.toml"
    )


def _is_text(head: bytes, encoding: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    if "\0" in text:
        return False
    # In the wrong byte order, a delimiter becomes a letter of another script, or no letter.
    plain = sum(letter.isascii() for letter in text)
    odd = sum(unicodedata.category(letter) in ("Cc", "Cn", "Co") for letter in text)
    odd -= sum(text.count(blank) for blank in "\t\r\n")
    return plain * 20 > len(text) and odd * 20 < len(text)


def _is_utf_8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    cut = False
    with open_unpacked(path) as handle:
        while block := handle.read(_BLOCK_BYTES):
            if cut or not block.isascii():
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    return False
                cut = bool(decoder.getstate()[0])
    return not cut


def _count_utf_8(path: Path) -> tuple[int, int]:
    """Count the letters of more than one byte, and the bytes that are not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    sequences = strays = 0
    with open_unpacked(path) as handle:
        while block := handle.read(_BLOCK_BYTES):
            text = decoder.decode(block)
            if not text.isascii():
                escaped = len(re.findall("[\udc80-\udcff]", text))
                strays += escaped
                sequences += len(re.findall("[^\x00-\x7f]", text)) - escaped
        strays += len(decoder.decode(b"", final=True))
    return sequences, strays


def _words(path: Path) -> set[bytes]:
    """Collect the words with a letter that is not ASCII, at most about `_MAX_WORDS`."""
    words: set[bytes] = set()
    with open_unpacked(path) as handle:
        while (line := handle.readline(_BLOCK_BYTES)) and len(words) < _MAX_WORDS:
            if not line.isascii():
                words.update(word[:_MAX_WORD_BYTES] for word in _WORD.findall(line))
    return words


def _is_western(words: Iterable[bytes]) -> bool:
    letters = _letters(words, "cp1252")
    return letters is not None and any(letters <= {*each, *_SHARED} for each in _WESTERN)


def _is_language(words: set[bytes], encoding: str) -> bool:
    """Whether the words fit a language of the code page, and differ from cp1252."""
    letters = _letters(words, encoding)
    if letters is None or not any(letters <= set(each) for each in _OTHERS[encoding]):
        return False
    return any(_decoded(word, encoding) != _decoded(word, "cp1252") for word in words)


def _letters(words: Iterable[bytes], encoding: str) -> set[str] | None:
    """Collect the letters that are not ASCII, in lower case; None if a word is not a word."""
    letters: set[str] = set()
    for word in words:
        text = _decoded(word, encoding)
        if text is None:
            return None
        for part in _BETWEEN.split(text):
            bare = part.lstrip(_BEFORE).rstrip(_AFTER)
            if bare and (not bare.isalpha() or _CAPITAL_INSIDE.search(bare)):
                return None
            letters.update(letter for letter in bare.lower() if not letter.isascii())
    return letters


def _decoded(word: bytes, encoding: str) -> str | None:
    try:
        return word.decode(encoding)
    except UnicodeDecodeError:
        return None
