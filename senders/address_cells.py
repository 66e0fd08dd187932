"""The addresses in a cell of a file: one reading for CRM exports, events and tracking.

Address columns often hold more than a bare address: a display name, two addresses, an Excel
formula, a stray comma. `read_cell` says which addresses the cell can mean, and whether the reading
is certain. Mail goes to certain addresses only. A refusal counts for every address of the cell.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote

from senders.addresses import normal_address

# Longer cells are not lists of addresses; their addresses are still found.
_LONGEST_LIST = 2_000
_LONGEST_ADDRESS = 320
_DEEPEST = 6

# What surrounds an address without changing it; the first group is the content. The first group of
# patterns also outranks a reading as a bare address: `'ann@x.example` is Excel's mark of a text.
_OUTRANKING = [
    re.compile(pattern, re.DOTALL | re.IGNORECASE)
    for pattern in (
        r'=\s*"(.*)"',
        r"['\u2018\u2019\u00b4\uff07]([^'\u2018\u2019\u00b4\uff07]*)['\u2018\u2019\u00b4\uff07]",
        r"['\u2019\u00b4\uff07](.*)",
        r"(?:mailto|smtp|e-?mail(?:[ -]address(?:es)?)?)\s*[:=]\s*(.*)",
    )
]
_WRAPPERS = [
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r'"([^"]*)"',
        r'""(.*)""',
        r"`([^`]*)`",
        "[\u201c\u201d\u201e]([^\u201c\u201d\u201e]*)[\u201c\u201d]",
        "\u201a([^\u2018\u2019\u201a]*)[\u2018\u2019]",
        "\u00ab([^\u00ab\u00bb]*)\u00bb",
        r"\[([^\[\]]*)\]",
        r"\(([^()]*)\)",
        r"\{([^{}]*)\}",
        r"[^<>@]*<([^<>]*)>",  # with or without a display name (RFC 5322, section 3.4)
        r"(.*?)\s*[.,;:!]+",
        r"[-*\u2022\u00b7]\s+(.*)",
    )
]
_MAILTO = re.compile(r"mailto:([^?]*)(\?[^@]*)?", re.DOTALL | re.IGNORECASE)
_SEPARATORS = [re.compile(pattern) for pattern in (r"[\r\n]+", ";", r"\|", ",", r"\s+/\s+", r"\s+")]

_JSON_NAMES = ("value", "email", "address")

# Repairs of a text that is certainly no address, to find the addresses that it could mean.
_AT = re.compile(r"\s*[\[({<]\s*(?:at|\u00e4t|@)\s*[\])}>]\s*|\s+at\s+|\s*@+\s*", re.IGNORECASE)
_DOT = re.compile(
    r"\s*[\[({<]\s*(?:dot|punkt|point|punto|[.])\s*[\])}>]\s*|\s+dot\s+", re.IGNORECASE
)
_COMMENT = re.compile(r"\([^()@]*\)")
_LOOSE_DOT = re.compile(r"(?<=\w)\s*[.,]+\s*(?=\w)")
_FOUND = re.compile(r"([^\s<>()\[\]{}\",;:|\\@\u201c\u201d\u201e\u00ab\u00bb]+)@+([\w.\-\u00b7]+)")
_EDGE = ".,;:!?-_*/=#&$%^~+|'`"
# Salesforce adds it to the addresses of a test system.
_UNREACHABLE = ".invalid"


@dataclass(frozen=True)
class Reading:
    """The addresses that a cell can mean.

    Attributes:
        addresses: in their normal form, in the order of the cell.
        is_certain: whether the cell means exactly these addresses.
    """

    addresses: tuple[str, ...]
    is_certain: bool

    @property
    def address(self) -> str | None:
        """The address to mail: the only address of a certain reading."""
        return self.addresses[0] if self.is_certain and len(self.addresses) == 1 else None


def read_cell(cell: str) -> Reading:
    """Read the addresses in a cell.

    Args:
        cell: the text of the cell, unchanged.

    Returns:
        The reading; without an address, the cell can mean no address.

    """
    text = _trimmed(cell)
    certain = _certain(text) if len(text) <= _LONGEST_LIST else None
    if certain:
        return Reading(tuple(dict.fromkeys(certain)), is_certain=True)
    return Reading(tuple(dict.fromkeys(_possible(text))), is_certain=False)


def _certain(text: str, depth: int = 0) -> list[str] | None:
    """The addresses of a cell that consists of addresses and of known decoration alone."""
    text = _trimmed(text)
    if not text:
        return []
    if depth > _DEEPEST:
        return None
    if text[0] in "[{" and (listed := _values_of_json(text)):
        return _all_certain(listed, depth)
    if link := _MAILTO.fullmatch(text):
        return _certain(unquote(link[1]), depth + 1)
    if (content := _content(text, _OUTRANKING)) is not None:
        return _certain(content, depth + 1)
    is_bare = len(text) <= _LONGEST_ADDRESS and not (_is_mark(text[0]) or _is_mark(text[-1]))
    if is_bare and (address := normal_address(text)):
        return [address]
    content = _content(text, _WRAPPERS)
    if content is not None and (read := _certain(content, depth + 1)) is not None:
        return read
    for separator in _SEPARATORS:
        parts = separator.split(text)
        if len(parts) > 1 and (read := _all_certain(parts, depth)) is not None:
            return read
    return None


def _all_certain(parts: list[str], depth: int) -> list[str] | None:
    found: list[str] = []
    for part in parts:
        read = _certain(part, depth + 1)
        if read is None:
            return None
        found += read
    return found


def _content(text: str, wrappers: list[re.Pattern[str]]) -> str | None:
    """The content of the first wrapper that fits."""
    matches = (wrapper.fullmatch(text) for wrapper in wrappers)
    return next((match[1] for match in matches if match), None)


def _values_of_json(text: str) -> list[str] | None:
    """The addresses of a JSON list or object; of Pipedrive's list the primary address first.

    None for other text, and for an address under a name that can mean another person.
    """
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    items = cast("list[Any]", content if isinstance(content, list) else [content])
    records: list[dict[str, Any]] = [
        item if isinstance(item, dict) else {"value": item} for item in items
    ]
    records.sort(key=lambda record: record.get("primary") is not True)
    named = [pair for record in records for pair in record.items() if "@" in str(pair[1])]
    if any(name not in _JSON_NAMES or not isinstance(value, str) for name, value in named):
        return None
    return [value for _, value in named]


def _possible(text: str) -> Iterator[str]:
    """Every address that the text could mean, after repairs of common damage."""
    candidates = (
        f"{local_part}@{domain}"
        for repaired in dict.fromkeys(_repairs(text))
        for match in _FOUND.finditer(repaired)
        for local_part in _local_parts(match[1], is_quoted=repaired.startswith("'", match.end()))
        for domain in _domains(match[2])
    )
    for candidate in dict.fromkeys(candidates):
        if len(candidate) <= _LONGEST_ADDRESS and (address := normal_address(candidate)):
            yield address


def _local_parts(text: str, *, is_quoted: bool) -> tuple[str, ...]:
    """The text itself, the text without punctuation around it, and the text after its last mark.

    An apostrophe is a mark if the address ends with one: `name='ann@x.example'`, not `o'brien`.
    """
    once_dotted = re.sub(r"[.]{2,}", ".", text)
    last = re.split(r"[=/'&?#*]" if is_quoted else r"[=/&?#*]", once_dotted)[-1]
    return once_dotted, once_dotted.strip(_EDGE), re.sub(r"^[\W_]+|[\W_]+$", "", last)


def _domains(text: str) -> tuple[str, ...]:
    """The domain without what was added to it: `x.example_old`, `x.example.invalid`."""
    domain = text.strip(_EDGE)
    return domain, domain.partition("_")[0], domain.removesuffix(_UNREACHABLE)


def _repairs(text: str) -> Iterator[str]:
    yield text
    plain = html.unescape(unquote(unquote(text))).replace("\\u0040", "@")
    plain = "".join(
        letter
        for letter in plain
        if letter.isspace() or unicodedata.category(letter) not in ("Cc", "Cf")
    )
    plain = unicodedata.normalize("NFKC", plain)
    yield plain
    yield _COMMENT.sub("", plain)
    spelled = _DOT.sub(".", _AT.sub("@", plain.replace('"', "")))
    yield spelled
    yield _LOOSE_DOT.sub(".", spelled)


def _trimmed(text: str) -> str:
    """The text without white space, control and invisible characters around it."""
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while start < end and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_mark(letter: str) -> bool:
    """Whether a letter begins a formula or decorates: no address begins or ends with the letter.

    ASCII punctuation but `=` is part of an address: `-ann@x.example`.
    """
    return letter == "=" or (not letter.isascii() and unicodedata.category(letter)[0] in "PS")


def _is_blank(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter)[0] in "ZC"
