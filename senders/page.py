# Neither css-inline nor lxml ships complete types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
"""A page: HTML compiled once for all contacts, in pieces that each e-mail fills in.

`make_page` reads the shape of an e-mail (see `senders.slots`): it finds the links and what the
reader sees, and writes the text. Nothing of this happens per contact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any

import css_inline
from markupsafe import escape

from senders import slots, targets
from senders.markup import tags
from senders.plain_text import text_of, tidy
from senders.slots import SLOT
from senders.visible import declarations, is_readable, visible_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from senders.markup import Attribute, Tag

Pieces = tuple["str | int | Link", ...]

# Attributes that lead somewhere, besides the href of a link.
_LEADING = {"action", "formaction", "href", "xlink:href"}
# Places of links in the text: characters above the slots.
_FIRST_LINK, _LAST_LINK = 0x108000, 0x10FFFD
_PLACE = re.compile(f"([\U00100000-{chr(_LAST_LINK)}])")
# Elements that are not displayed; a rule for `*` would only make the mail longer.
_UNSTYLED = {"base", "head", "link", "meta", "script", "style", "title"}
_NUMBER = "data-sendhouse-tag"
_BLANKS = re.compile(r"\s+")
_REFERENCE = re.compile(r"&#?\w+;")
_EVERY_SCREEN = re.compile(r"\s*(?:all|screen|only screen)?\s*", re.IGNORECASE)
_DOCTYPE = re.compile(r"\s*<!doctype[^>]*>", re.IGNORECASE)
_PREHEADER = '<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">{}</div>'


class CssError(ValueError):
    """The style rules of a template cannot be read."""


@dataclass(frozen=True)
class Link:
    """A link of a page.

    Attributes:
        source: the attribute's value as written, with its quotes.
        address: the decoded address: text, and numbers of slots.
        is_followed: whether a click on it opens the address: `<a>`, `<area>`, Outlook's `<v:…>`.
        label: what the reader sees of the link; empty if nothing.

    """

    source: Pieces
    address: tuple[str | int, ...]
    is_followed: bool
    label: tuple[str | int, ...]

    def url(self, values: Sequence[str]) -> str:
        """Return the address for one contact, as a browser follows it."""
        return targets.as_followed(_raw(self.address, values))

    def is_seen(self, values: Sequence[str]) -> bool:
        """Whether a reader sees the link."""
        return is_readable(_raw(self.label, values))

    @property
    def has_values(self) -> bool:
        """Whether a value of the contact is part of the address."""
        return any(isinstance(piece, int) for piece in self.address)

    @property
    def beginning(self) -> str:
        """What the template's author wrote of the address, up to the first value."""
        first = self.address[0] if self.address else ""
        return targets.as_followed(first) if isinstance(first, str) else ""


@dataclass(frozen=True)
class Page:
    """The HTML and the text of an e-mail, for all contacts.

    Attributes:
        html: the document in pieces.
        links: its links, in order.
        text: the text part in pieces.
        shown: all that the reader sees, without blanks.

    """

    html: Pieces
    links: tuple[Link, ...]
    text: Pieces
    shown: tuple[str | int, ...]

    def html_for(self, values: Sequence[str], track: Callable[[Link], str | None]) -> str:
        """Fill in the document.

        Args:
            values: the values of the slots.
            track: gives another address for a link; None leaves the link as written.

        """
        return "".join(
            piece
            if isinstance(piece, str)
            else escape(values[piece])
            if isinstance(piece, int)
            else _link_for(piece, values, track(piece))
            for piece in self.html
        )

    def text_for(self, values: Sequence[str]) -> str:
        """Fill in the text part; each web link is followed by its address in brackets."""
        return tidy(
            "".join(
                piece
                if isinstance(piece, str)
                else _BLANKS.sub(" ", values[piece])
                if isinstance(piece, int)
                else _behind(piece, values)
                for piece in self.text
            )
        )

    def shown_for(self, values: Sequence[str]) -> str:
        """Return what the contact sees, without blanks."""
        return _BLANKS.sub("", _raw(self.shown, values))


def make_page(html: str, *, inline: bool, preheader: int | None = None) -> Page:
    """Compile HTML.

    Args:
        html: a document, with slots in its text and in quoted attributes.
        inline: whether to write the style rules into the tags. The rest of the document, its
            `<style>` elements too, stays as it is to the byte.
        preheader: the slot of the preheader, a hidden text at the top.

    Raises:
        MarkupError: the HTML breaks off inside a tag.
        CssError: the style rules cannot be read.

    """
    found = list(tags(html))
    tree = visible_tree(inlined := _inlined(html, found))
    edits: list[tuple[int, int, Pieces]] = []
    if inline:
        edits += _styles(found, inlined)
    if preheader is not None:
        at = _after_body_tag(html, found)
        edits.append((at, at, _split(_PREHEADER.format(slots.slot(preheader)))))
    elements = {
        int(element.get(_NUMBER)): element for element in tree.iter() if element.get(_NUMBER)
    }
    links: list[Link] = []
    numbers: dict[str, int] = {}
    for number, tag in enumerate(found):
        for attribute in tag.attributes:
            if attribute.name in _LEADING and attribute is tag.attribute(attribute.name):
                element = elements.get(number)
                label = element.text_content() if element is not None else ""
                links.append(link := _link(html, tag, attribute, label))
                start, end = attribute.start - attribute.quoted, attribute.end + attribute.quoted
                edits.append((start, end, (link,)))
                numbers[str(number)] = len(links) - 1
    # text_of changes the tree.
    shown = _BLANKS.sub("", tree.text_content())

    def after_link(attributes: Mapping[str, str]) -> str:
        link = numbers.get(attributes.get(_NUMBER, ""))
        return "" if link is None or "href" not in attributes else chr(_FIRST_LINK + link)

    text = text_of(tree, after_link)
    return Page(_edited(html, edits), tuple(links), _split(text, links), _split(shown))


def _inlined(html: str, found: list[Tag]) -> str:
    """Write the style rules into the tags of a copy, in which each tag has a number."""
    edits: list[tuple[int, int, Pieces]] = []
    for number, tag in enumerate(found):
        if not tag.hidden:
            edits.append((tag.after_name, tag.after_name, (f' {_NUMBER}="{number}"',)))
            media = tag.attribute("media")
            # css-inline would follow rules for other screens too.
            if (
                tag.name == "style"
                and tag.raw
                and media
                and not _EVERY_SCREEN.fullmatch(media.value)
            ):
                edits.append((*tag.raw, ("",)))
    try:
        return _INLINER.inline("".join(map(str, _edited(html, edits, keep_slots=True))))
    except css_inline.InlineError as error:
        raise CssError(str(error)) from error


_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False)


def _styles(found: list[Tag], inlined: str) -> list[tuple[int, int, Pieces]]:
    """Find the tags to which rules apply, and the style that each of them gets."""
    styled = {
        int(number.value): style.value
        for tag in tags(inlined)
        if (number := tag.attribute(_NUMBER)) and (style := tag.attribute("style"))
    }
    edits: list[tuple[int, int, Pieces]] = []
    for number, tag in enumerate(found):
        own = tag.attribute("style")
        before = list(declarations(unescape(own.value))) if own else []
        after = list(declarations(unescape(styled.get(number, ""))))
        if after == before or tag.hidden or not after or tag.name in _UNSTYLED:
            continue
        # In a style attribute an important declaration would win over every rule for small screens.
        # The rule itself stays in its <style>, important as it is.
        important = {(name, value) for name, value, is_important in before if is_important}
        style = ";".join(
            f"{name}: {value}" + " !important" * ((name, value) in important)
            for name, value, _ in after
        )
        if own:
            at, end = own.start - own.quoted, own.end + own.quoted
            edits.append((at, end, (f'"{escape(style)}"',)))
        else:
            edits.append((tag.after_name, tag.after_name, (f' style="{escape(style)}"',)))
    return edits


def _after_body_tag(html: str, found: list[Tag]) -> int:
    body = next((tag for tag in found if tag.name == "body" and not tag.hidden), None)
    doctype = _DOCTYPE.match(html)
    return body.end if body else doctype.end() if doctype else 0


def _link(html: str, tag: Tag, attribute: Attribute, label: str) -> Link:
    quote = html[attribute.start - 1] if attribute.quoted else ""
    is_followed = attribute.name == "href" and (tag.name in {"a", "area"} or tag.name[:2] == "v:")
    return Link(
        _split(f"{quote}{attribute.value}{quote}"),
        tuple(
            _decoded(piece) if isinstance(piece, str) else piece
            for piece in _split(attribute.value)
        ),
        is_followed,
        _split(label),
    )


def _decoded(attribute: str) -> str:
    """Decode an attribute like browsers: in `?a=1&region=eu`, `&reg` is not a reference."""
    return _REFERENCE.sub(lambda reference: unescape(reference[0]), attribute)


def _edited(html: str, edits: list[tuple[int, int, Pieces]], *, keep_slots: bool = False) -> Pieces:
    """Replace places of the HTML by pieces."""
    pieces: list[str | int | Link] = []
    at = 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        pieces += [html[at:start]] if keep_slots else _split(html[at:start])
        pieces += new
        at = end
    pieces += [html[at:]] if keep_slots else _split(html[at:])
    return tuple(pieces)


def _split(text: str, links: Sequence[Link] = ()) -> tuple[Any, ...]:
    """Split a text at its slots, and at the places of links."""
    return tuple(
        piece
        if len(piece) != 1 or not _PLACE.match(piece)
        else slots.number_of(piece)
        if SLOT.match(piece)
        else links[ord(piece) - _FIRST_LINK]
        for piece in _PLACE.split(text)
        if piece
    )


def _link_for(link: Link, values: Sequence[str], address: str | None) -> str:
    if address is not None:
        return f'"{escape(address)}"'
    return "".join(
        piece if isinstance(piece, str) else escape(values[piece])
        for piece in link.source
        if not isinstance(piece, Link)
    )


def _behind(link: Link, values: Sequence[str]) -> str:
    """Return what follows the text of a link; a link without a text is not shown."""
    url = link.url(values)
    is_shown = targets.scheme_of(url) in {"http", "https"} and link.is_seen(values)
    return f" ({url})" if is_shown else ""


def _raw(pieces: tuple[str | int, ...], values: Sequence[str]) -> str:
    return "".join(piece if isinstance(piece, str) else values[piece] for piece in pieces)
