"""Reads the records of a JSON document.

A document is an array of objects, an object that contains one such array, or a single object.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.formats.repair import clean_copy
from dagster_project.landing.formats.text import open_text, unfit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import NoReturn, TextIO

    from dagster_project.landing.formats.repair import CleanCopy

_READ_CHARACTERS = 1 << 20
_MAX_CHARACTERS = 1 << 26
"""The longest value to parse; a longer value means an unclosed bracket or quote."""
_BLANKS = re.compile(r"[ \t\r\n]*")


def write_records(path: Path, clean: Path, encoding: str) -> CleanCopy:
    """Write the records of a JSON document, each with its text unchanged, as a clean copy.

    Args:
        path: the file.
        clean: the file to write: one record per row, with the record's first line.
        encoding: the encoding of the file.

    Raises:
        FileRejectedError: the file is not JSON, or its records are uncertain.
        UnicodeDecodeError: a part of the text is not in the encoding.

    """
    with open_text(path, encoding) as handle, clean_copy(clean, 1) as copy:
        for line, text in _records(_Document(handle)):
            copy.add(line, unfit(text, encoding), text, [text])
    return copy


def _records(document: _Document) -> Iterator[tuple[int, str]]:
    match document.peek():
        case "[":
            yield from document.elements()
        case "{":
            yield from _of_object(document)
        case _:
            document.refuse("the document is neither an array nor an object")
    if document.peek():
        document.refuse("text follows the end of the first value")


def _of_object(document: _Document) -> Iterator[tuple[int, str]]:
    """Yield the elements of the object's array of objects; without such an array, the object."""
    start, pieces, arrays, empty = document.line, [""], 0, 0
    document.take("{")
    while document.peek() != "}":
        if len(pieces) > 1:
            document.take(",")
        key = document.value()
        if not key.startswith('"'):
            document.refuse("a key is not a string")
        document.take(":")
        is_array = document.peek() == "["
        if is_array and document.second() == "{":
            arrays += 1
            if arrays > 1:
                document.refuse("the object has more than one array of objects")
            pieces.append("")
            yield from document.elements()
            continue
        empty += is_array and document.second() == "]"
        pieces.append(f"{key}: {document.value()}")
    document.take("}")
    if empty and not arrays and len(pieces) > 2:
        document.refuse("an object with an empty array may be a record or an empty list")
    if not arrays and not empty:
        yield start, "{" + ", ".join(pieces[1:]) + "}"


class _Document:
    """A JSON text, parsed from its start in bounded memory."""

    def __init__(self, handle: TextIO) -> None:
        self._handle = handle
        self._text = ""
        self._place = 0
        self._line = 1
        self._counted = 0  # the place that `_line` belongs to
        self._ended = False
        # Numbers are not converted: the parser only finds where a value ends.
        self._decoder = json.JSONDecoder(
            parse_int=str, parse_float=str, parse_constant=self._constant
        )

    @property
    def line(self) -> int:
        """The current line."""
        self._line += self._text.count("\n", self._counted, self._place)
        self._counted = self._place
        return self._line

    def refuse(self, why: str) -> NoReturn:
        """Reject the document."""
        raise FileRejectedError(
            f"not a JSON document of records: {why} (line {self.line}). Expected an array of "
            "objects, an object that contains one such array, or one object. For one object per "
            'line, set the source\'s format = "jsonl" in sendhouse.toml'
        )

    def peek(self) -> str:
        """Return the next character that is not blank; '' at the end."""
        while True:
            self._place = self._after_blanks(self._place)
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._read():
                return ""

    def second(self) -> str:
        """Return the second next character that is not blank; '' at the end."""
        while (place := self._after_blanks(self._place + 1)) >= len(self._text):
            if not self._read():
                return ""
        return self._text[place]

    def take(self, character: str) -> str:
        """Consume this character."""
        following = self.peek()
        if following != character:
            self.refuse(f"'{character}' is missing" if following else "the end is missing")
        self._place += 1
        return character

    def value(self) -> str:
        """Consume a value and return its text."""
        self.peek()
        while True:
            try:
                _, end = self._decoder.raw_decode(self._text, self._place)
            except (json.JSONDecodeError, RecursionError) as error:
                if self._read():
                    continue
                self.refuse("the end is missing" if self._ended else f"{type(error).__name__}")
            if end < len(self._text) or not self._read():  # a number may continue
                text = self._text[self._place : end]
                self._place = end
                return text

    def elements(self) -> Iterator[tuple[int, str]]:
        """Consume an array of objects and yield each object with its line."""
        self.take("[")
        first = True
        while self.peek() != "]":
            if not first:
                self.take(",")
            first = False
            if self.peek() != "{":
                self.refuse("an element of the array is not an object")
            line = self.line
            yield line, self.value()
            if self._place > _READ_CHARACTERS:
                self._forget()
        self.take("]")

    def _after_blanks(self, place: int) -> int:
        found = _BLANKS.match(self._text, place)
        return found.end() if found else place

    def _read(self) -> bool:
        """Read more text; False at the end of the file."""
        self._forget()
        if len(self._text) > _MAX_CHARACTERS:
            self.refuse(f"a value is longer than {_MAX_CHARACTERS:,} characters, or never closed")
        # Doubled each time, because an incomplete value is parsed again from its start.
        more = self._handle.read(max(_READ_CHARACTERS, len(self._text)))
        self._text += more
        self._ended = not more
        return bool(more)

    def _forget(self) -> None:
        self._line = self.line
        self._text = self._text[self._place :]
        self._place = self._counted = 0

    def _constant(self, name: str) -> Any:  # noqa: ANN401 - it returns nothing
        self.refuse(f"{name} is not JSON")
