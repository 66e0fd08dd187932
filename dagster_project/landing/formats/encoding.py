"""What a text file is encoded in: told by its bytes, or not at all.

A byte-order mark or valid UTF-8 leaves no doubt. The one-byte encodings do: a byte is a letter in
each of them. Windows-1252 (Western Europe) is taken only where everything that it gives looks like
words of a Western language, and no other code page gives words of one of its own.
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

_MARKS = {  # UTF-32's little-endian mark begins with UTF-16's
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
# Where a word has them as cp1252; a sign elsewhere is a letter of another code page.
_BEFORE = "„‚“‘«‹¿¡£€§©–—•\xa0"  # noqa: RUF001
_AFTER = "”“’‘»›€£¢…™®°²³ªº–—\xa0"  # noqa: RUF001
_BETWEEN = re.compile(r"[’–—\xa0]")  # noqa: RUF001
_CAPITAL_INSIDE = re.compile(r"[a-zß-öø-ÿ][À-ÖØ-ÞŠŽŒŸ]")
_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
_MAX_WORD_BYTES = 60
_MAX_WORDS = 100_000


def encoding_of(path: Path, declared: str) -> str:
    """Tell what a text file is encoded in.

    Args:
        path: the file, packed or not; all of it is read.
        declared: "detect", or a name that Python knows, which is then the answer.

    Returns:
        Python's name of the encoding; a byte-order mark is not part of the text.

    Raises:
        FileRejectedError: it cannot be told; or the file is packed, and truncated or damaged.

    """
    with open_unpacked(path) as handle:
        head = handle.read(HEAD_BYTES)
    wide = wide_encoding(head)
    if declared != "detect":
        named = codecs.lookup(declared).name
        # A declared "utf-16-le" is that also where the file has a mark.
        return UTF_8 if named == "utf-8" else wide if wide and wide in named else named
    if wide:
        return wide
    if _is_utf_8(path):
        return UTF_8
    sequences, strays = _count_utf_8(path)
    if strays <= sequences:
        return UTF_8  # what is not is a matter of its rows
    closest = ""
    if not sequences:
        words = _words(path)
        rivals = [name for name in _OTHERS if _is_language(words, name)]
        western = _is_western(words)
        if western and not rivals:
            return "cp1252"
        closest = "; closest: " + (", ".join(["cp1252"] * western + rivals) or "none of these")
    raise FileRejectedError(
        "what the text is encoded in is not certain: it has no byte-order mark and is not UTF-8, "
        f"UTF-16 or UTF-32; tried cp1252, {', '.join(_OTHERS)}{closest}. "
        'Set the source\'s encoding in sendhouse.toml, such as encoding = "cp1252"'
    )


def wide_encoding(head: bytes) -> str | None:
    """Tell UTF-16 or UTF-32, with or without byte-order mark, by a file's first bytes.

    Raises:
        FileRejectedError: there are so many NUL bytes that it can be no text of one byte a letter,
            and it is none of these either.

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
        "not a text file: it is full of NUL bytes and neither UTF-16 nor UTF-32; "
        "set the source's format or encoding in sendhouse.toml if it is one"
    )


def _is_text(head: bytes, encoding: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    if "\0" in text:
        return False
    # Read with the wrong byte first, a delimiter is a letter of some script, or none.
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
    """Count letters of more than one byte, and bytes that are no UTF-8."""
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
    """Collect the words with a letter that is not ASCII; of very many, those that come first."""
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
    """Whether the words look like one of that code page's languages, and not the same in cp1252."""
    letters = _letters(words, encoding)
    if letters is None or not any(letters <= set(each) for each in _OTHERS[encoding]):
        return False
    return any(_decoded(word, encoding) != _decoded(word, "cp1252") for word in words)


def _letters(words: Iterable[bytes], encoding: str) -> set[str] | None:
    """Collect the letters that are not ASCII, in lower case; None if something is no word."""
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
