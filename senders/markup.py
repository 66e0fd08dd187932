"""Find the tags of an HTML or MJML source, with the places of their attributes.

The source is not changed and not repaired: what leaves is what the author wrote. Conditional
comments (`<!--[if mso]>`) are read like Outlook reads them: as markup.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
      (?P<opening> <!--\[if[^\]]*\]>(?:<!-->)? )  # a conditional comment: its content is markup
    | (?P<comment> <!--(?:-?>|.*?(?:--!?>|\Z)) )
    | (?P<closing> <!\[endif\]--> | --> )
    | (?P<tag> <[A-Za-z][^\s/>]* )
    | <[!?/][^>]*>?                               # an end tag, a doctype, <![if …]>
    """,
    re.DOTALL | re.VERBOSE,
)
_ATTRIBUTE = re.compile(
    r"""[\s/]* (?P<name>[^\s/>"'][^\s/>="']*)
    (?: \s*=\s* (?: "(?P<double>[^"]*)" | '(?P<single>[^']*)' | (?P<bare>[^\s"'>][^\s>]*) )? )?""",
    re.VERBOSE,
)
_TAG_END = re.compile(r"[\s/]*>")
# Elements whose content is text up to their end tag.
_RAW = {
    "iframe", "mj-preview", "mj-style", "mj-title", "noembed", "noframes", "script", "style",
    "textarea", "title", "xmp",
}  # fmt: skip


class MarkupError(ValueError):
    """The source breaks off inside a tag.

    Attributes:
        at: the index of the tag.

    """

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute with a value.

    Attributes:
        name: in lower case.
        value: as written: character references are not decoded.
        start, end: the place of the value in the source; quotes are outside.
        quoted: whether the value is in quotes.

    """

    name: str
    value: str
    start: int
    end: int
    quoted: bool


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag.

    Attributes:
        name: in lower case.
        start, end: the place of the tag in the source.
        attributes: those with a value. Of two with one name browsers take the first.
        hidden: whether the tag is in a comment, where only Outlook sees it.
        raw: the place of the text up to the end tag, for elements such as `<style>`.

    """

    name: str
    start: int
    end: int
    attributes: tuple[Attribute, ...]
    hidden: bool
    raw: tuple[int, int] | None

    @property
    def after_name(self) -> int:
        """The index behind the name of the tag."""
        return self.start + 1 + len(self.name)

    def attribute(self, name: str) -> Attribute | None:
        """Find an attribute by its name in lower case."""
        return next((found for found in self.attributes if found.name == name), None)


def tags(source: str) -> Iterator[Tag]:
    """Find the start tags, in order.

    Raises:
        MarkupError: the source ends inside a tag.

    """
    at, hidden = 0, False
    while token := _TOKEN.search(source, at):
        at = token.end()
        if token["opening"]:
            hidden = not token["opening"].endswith("<!-->")
        elif token["closing"]:
            hidden = False
        elif token["tag"]:
            tag = _tag(source, token, hidden=hidden)
            at = tag.raw[1] if tag.raw else tag.end
            yield tag


def _tag(source: str, token: re.Match[str], *, hidden: bool) -> Tag:
    name, at = token[0][1:].lower(), token.end()
    attributes: list[Attribute] = []
    while not (end := _TAG_END.match(source, at)):
        found = _ATTRIBUTE.match(source, at)
        if not found:
            raise MarkupError(f"<{name}> is not closed: a quote or '>' is missing", token.start())
        at = found.end()
        for kind in ("double", "single", "bare"):
            if found[kind] is not None:
                start, stop = found.span(kind)
                attributes.append(
                    Attribute(found["name"].lower(), found[kind], start, stop, kind != "bare")
                )
    raw = None
    if name in _RAW and not source[end.start() : end.end()].startswith("/"):
        closing = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(source, end.end())
        raw = (end.end(), closing.start() if closing else len(source))
    return Tag(name, token.start(), end.end(), tuple(attributes), hidden, raw)
