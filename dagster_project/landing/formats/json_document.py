"""A JSON document's records: an array of objects, one object around such an array, or one alone."""

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

_READ_CHARACTERS = 1 << 20
_MAX_CHARACTERS = 1 << 26
"""The longest value that is looked at; a longer one is a bracket or quote that is never closed."""
_BLANKS = re.compile(r"[ \t\r\n]*")


def write_records(path: Path, clean: Path, encoding: str) -> None:
    """Write the records of a JSON document, each as it stands in the file, as a clean copy.

    Args:
        path: the file.
        clean: the file to write: one value a row, with the line that it begins in.
        encoding: what it is encoded in.

    Raises:
        FileRejectedError: it is no JSON, or what its records are is not certain.

    """
    try:
        with open_text(path, encoding) as handle, clean_copy(clean, 1) as copy:
            for line, text in _records(_Document(handle)):
                copy.add(line, unfit(text, encoding), text, [text])
    except UnicodeDecodeError as error:
        raise FileRejectedError(
            f"the file is damaged: it is {error.encoding}, but not all of it"
        ) from error


def _records(document: _Document) -> Iterator[tuple[int, str]]:
    match document.peek():
        case "[":
            yield from document.elements()
        case "{":
            yield from _of_object(document)
        case _:
            document.refuse("it is no array and no object")
    if document.peek():
        document.refuse("something follows the end of the first value")


def _of_object(document: _Document) -> Iterator[tuple[int, str]]:
    """Give the elements of its array of objects; without one, it is a record itself."""
    start, pieces, arrays, empty = document.line, [""], 0, 0
    document.take("{")
    while document.peek() != "}":
        if len(pieces) > 1:
            document.take(",")
        key = document.value()
        if not key.startswith('"'):
            document.refuse("a key is no text")
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
        document.refuse("an object with an empty array may be a record, or a list of none")
    if not arrays and not empty:
        yield start, "{" + ", ".join(pieces[1:]) + "}"


class _Document:
    """Text that is read from its start, of which only a part is held."""

    def __init__(self, handle: TextIO) -> None:
        self._handle = handle
        self._text = ""
        self._place = 0
        self._line = 1
        self._counted = 0  # where `_line` is of
        self._ended = False
        # Numbers stay as they are written; they are only looked at here.
        self._decoder = json.JSONDecoder(
            parse_int=str, parse_float=str, parse_constant=self._constant
        )

    @property
    def line(self) -> int:
        """Where it is read."""
        self._line += self._text.count("\n", self._counted, self._place)
        self._counted = self._place
        return self._line

    def refuse(self, why: str) -> NoReturn:
        """Reject the document."""
        raise FileRejectedError(
            f"not a JSON document of records: {why} (line {self.line}). It is an array of objects, "
            "an object around one such array, or one object; for an object a line, set the "
            'source\'s format = "jsonl" in sendhouse.toml'
        )

    def peek(self) -> str:
        """Return the next character that is not blank, '' at the end."""
        while True:
            self._place = self._after_blanks(self._place)
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._read():
                return ""

    def second(self) -> str:
        """Return the character after the next one, blanks aside."""
        while (place := self._after_blanks(self._place + 1)) >= len(self._text):
            if not self._read():
                return ""
        return self._text[place]

    def take(self, character: str) -> str:
        """Go past this character."""
        following = self.peek()
        if following != character:
            self.refuse(f"'{character}' is missing" if following else "its end is missing")
        self._place += 1
        return character

    def value(self) -> str:
        """Go past a value, and return its text."""
        self.peek()
        while True:
            try:
                _, end = self._decoder.raw_decode(self._text, self._place)
            except (json.JSONDecodeError, RecursionError) as error:
                if self._read():
                    continue
                self.refuse("its end is missing" if self._ended else f"{type(error).__name__}")
            if end < len(self._text) or not self._read():  # a number may go on
                text = self._text[self._place : end]
                self._place = end
                return text

    def elements(self) -> Iterator[tuple[int, str]]:
        """Go past an array of objects, and give each with its line."""
        self.take("[")
        first = True
        while self.peek() != "]":
            if not first:
                self.take(",")
            first = False
            if self.peek() != "{":
                self.refuse("an element of the array is no object")
            line = self.line
            yield line, self.value()
            if self._place > _READ_CHARACTERS:
                self._forget()
        self.take("]")

    def _after_blanks(self, place: int) -> int:
        found = _BLANKS.match(self._text, place)
        return found.end() if found else place

    def _read(self) -> bool:
        """Read on; whether there was more."""
        self._forget()
        if len(self._text) > _MAX_CHARACTERS:
            self.refuse(f"a value is longer than {_MAX_CHARACTERS:,} characters, or never closed")
        # Twice as much each time, since a value that is not whole is looked at again.
        more = self._handle.read(max(_READ_CHARACTERS, len(self._text)))
        self._text += more
        self._ended = not more
        return bool(more)

    def _forget(self) -> None:
        self._line = self.line
        self._text = self._text[self._place :]
        self._place = self._counted = 0

    def _constant(self, name: str) -> Any:  # noqa: ANN401 - it returns nothing
        self.refuse(f"{name} is no JSON")
