# Neither inscriptis nor lxml ships types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
"""The text part of an e-mail, converted from what its HTML shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inscriptis import Inscriptis
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from inscriptis.model.tag import CustomHtmlTagHandlerMapping
from inscriptis.model.tag.list_tag import li_start_handler

from senders.visible import declarations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from inscriptis.model.html_document_state import HtmlDocumentState
    from lxml.html import HtmlElement

# Inscriptis decodes character references, again at each level of nested tables: a text "&lt;" would
# become "<". Ampersands are therefore replaced by a noncharacter, which no text contains.
_AMPERSAND = "\ufdd0"
_BLANK_LINES = re.compile(r"\n{3,}")
_BULLET = "data-bullet"
_ROMAN = [
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
]  # fmt: skip


def text_of(tree: HtmlElement, after_link: Callable[[Mapping[str, str]], str]) -> str:
    """Turn a visible tree into text. The tree is changed.

    Args:
        tree: see `visible.visible_tree`.
        after_link: gives what follows the text of a link, from the link's attributes.

    """
    for list_ in tree.iter("ol", "ul"):
        _number_items(list_)
    for element in tree.iter():
        element.text = _protected(element.text)
        element.tail = _protected(element.tail)

    def open_link(state: HtmlDocumentState, attributes: Mapping[str, str]) -> None:
        state.link_target = after_link(attributes).replace("&", _AMPERSAND)

    def close_link(state: HtmlDocumentState) -> None:
        if state.link_target:
            state.tags[-1].write(state.link_target)

    config = ParserConfig(
        # The relaxed profile would put blanks around <span>, in the middle of words too.
        css=CSS_PROFILES["strict"],
        custom_html_tag_handler_mapping=CustomHtmlTagHandlerMapping(
            start_tag_mapping={"a": open_link, "li": _open_item}, end_tag_mapping={"a": close_link}
        ),
    )
    return tidy(Inscriptis(tree, config).get_text().replace(_AMPERSAND, "&"))


def tidy(text: str) -> str:
    """Strip the lines, and leave at most one empty line between two lines."""
    # Tables are layout in e-mails, so the indentation that inscriptis adds is removed.
    lines = (line.strip() for line in text.splitlines())
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip() + "\n"


def _protected(text: str | None) -> str | None:
    return text and text.replace("&", _AMPERSAND)


def _open_item(state: HtmlDocumentState, attributes: Mapping[str, str]) -> None:
    bullet = attributes.get(_BULLET)
    if bullet is None:
        li_start_handler(state, dict(attributes))
        return
    state.tags[-1].list_bullet = bullet
    state.tags[-1].write("")


def _number_items(list_: HtmlElement) -> None:
    """Write the number of each item of an `<ol>` (HTML §4.4.5: start, reversed, type, value)."""
    style = {name: value.lower() for name, value, _ in declarations(list_.get("style") or "")}
    kind = style.get("list-style-type") or style.get("list-style", "")
    items = [item for item in list_ if item.tag == "li"]
    if "none" in kind.split():
        for item in items:
            item.set(_BULLET, "")
    if list_.tag != "ol" or "none" in kind.split():
        return
    step = -1 if "reversed" in list_.attrib else 1
    number = _integer(list_.get("start"), len(items) if step < 0 else 1)
    for item in items:
        number = _integer(item.get("value"), number)
        item.set(_BULLET, _label(number, item.get("type") or list_.get("type") or kind) + ". ")
        number += step


def _integer(text: str | None, default: int) -> int:
    found = re.match(r"\s*([+-]?\d+)", text or "")
    return int(found[1]) if found else default


def _label(number: int, kind: str) -> str:
    letters = {"a": "a", "lower-alpha": "a", "lower-latin": "a"}
    letters |= {"A": "A", "upper-alpha": "A", "upper-latin": "A"}
    if number > 0 and kind in letters:
        label = ""
        while number:
            number, rest = divmod(number - 1, 26)
            label = chr(ord(letters[kind]) + rest) + label
        return label
    if 0 < number < 4000 and kind in {"i", "I", "lower-roman", "upper-roman"}:
        label = ""
        for value, sign in _ROMAN:
            count, number = divmod(number, value)
            label += sign * count
        return label.upper() if kind in {"I", "upper-roman"} else label
    return str(number)
