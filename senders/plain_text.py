# Inscriptis ships no types of its own.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
"""The text part of an e-mail, converted from its HTML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inscriptis import get_text
from inscriptis.model.config import ParserConfig
from inscriptis.model.tag import CustomHtmlTagHandlerMapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inscriptis.model.html_document_state import HtmlDocumentState

# Inscriptis decodes character references again at each level of nested tables: a text "&lt;" would
# become "<", and a link with "&copy=2" would get "©=2". A plain ampersand is therefore replaced by
# a Unicode noncharacter, which no text contains.
_AMPERSAND = re.compile(r"&amp;|&#38;|&(?!#?\w+;)")
_PLACEHOLDER = "\ufdd0"
_BLANK_LINES = re.compile(r"\n{3,}")


def plain_text(html: str) -> str:
    """Turn an HTML document into text; each link is followed by its address in brackets."""
    text = get_text(_AMPERSAND.sub(_PLACEHOLDER, html), _CONFIG).replace(_PLACEHOLDER, "&")
    # Tables are layout in e-mails, so the indentation that inscriptis adds is removed.
    lines = (line.strip() for line in text.splitlines())
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip() + "\n"


def _open_link(state: HtmlDocumentState, attributes: Mapping[str, str]) -> None:
    state.link_target = attributes.get("href", "")


def _close_link(state: HtmlDocumentState) -> None:
    if state.link_target.startswith(("http://", "https://")):
        state.tags[-1].write(f" ({state.link_target})")


# Inscriptis writes [text](target) by default; mail programs make `text (target)` clickable.
_CONFIG = ParserConfig(
    custom_html_tag_handler_mapping=CustomHtmlTagHandlerMapping(
        start_tag_mapping={"a": _open_link}, end_tag_mapping={"a": _close_link}
    )
)
