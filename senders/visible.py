# lxml ships no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportMissingTypeArgument=false
"""What a reader of an e-mail sees: the one decision for the text part and the unsubscribe link.

Only what is certain counts as hidden. Rules inside `@media` depend on the reader's device and are
not looked at. Outlook's own rules and comments hide from Outlook only, or show to Outlook only.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lxml import html as lxml_html

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

_DECLARATION = re.compile(r"""([-\w]+)\s*:\s*((?:"[^"]*"|'[^']*'|\([^)]*\)|[^;"'(])*)""")
_IMPORTANT = re.compile(r"\s*!\s*important\s*$", re.IGNORECASE)
_LENGTH = re.compile(r"(-?(?:\d+\.?\d*|\.\d+))\s*([a-z%]*)")
_FONT_SIZE = re.compile(r"(?:^|\s)((?:\d+\.?\d*|\.\d+)(?:px|pt|r?em|%)?)(?:\s*/\s*\S+)?\s+\S")
_HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_RGB = re.compile(r"rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)(?:[\s,/]+([\d.]+%?))?\s*\)")
_ALPHA_ZERO = re.compile(r"(?:rgb|hsl)a?\([^)]*[,/]\s*0*(?:\.0+)?%?\s*\)")
_NOTHING_SHOWN = re.compile(
    r"scale(?:3d|[xy])?\(\s*0*(?:\.0+)?\s*[,)]|"
    r"(?:inset\(\s*(?:[5-9]\d|100)%|circle\(\s*0|rect\(\s*0)"
)
_NAMED = {"white": "#ffffff", "black": "#000000"}
# Elements that browsers never show.
_NEVER_SHOWN = {
    "area", "audio", "base", "datalist", "head", "iframe", "link", "map", "meta", "noembed",
    "noframes", "object", "param", "script", "select", "source", "style", "template", "textarea",
    "title", "track", "video",
}  # fmt: skip
# Beyond this many pixels to the left or above, nothing is on the screen.
_OFF_SCREEN = 999
# Letters without a shape that are no format characters in Unicode's tables.
_BLANK_LETTERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"


@dataclass(frozen=True)
class _Look:
    """What an element inherits; None means unknown."""

    is_hidden: bool = False
    is_tiny: bool = False
    color: str | None = None
    background: str | None = None

    @property
    def shows_text(self) -> bool:
        same = self.color is not None and self.color == self.background
        return not (self.is_hidden or self.is_tiny or self.color == "transparent" or same)


def visible_tree(html: str) -> HtmlElement:
    """Parse HTML whose style rules are inlined, and keep only what a reader sees.

    Images turn into their alt text, links of image maps into links. Comments are gone.
    """
    tree = lxml_html.document_fromstring(
        html,
        parser=lxml_html.HTMLParser(remove_comments=True, remove_pis=True, huge_tree=True),
    )
    for area in list(tree.iter("area")):
        _show_area(area)
    _prune(tree, _Look())
    return tree


def is_readable(text: str) -> bool:
    """Whether a text has a character with a shape, and not only blanks and zero-width ones."""
    return any(
        unicodedata.category(char)[0] not in "CZ" or unicodedata.category(char) == "Co"
        for char in text
        if char not in _BLANK_LETTERS
    )


def declarations(style: str) -> Iterator[tuple[str, str, bool]]:
    """Yield property (in lower case), value and importance of each declaration of a style."""
    for name, value in _DECLARATION.findall(style):
        plain = _IMPORTANT.sub("", value)
        yield name.lower(), plain.strip(), plain != value


def _prune(element: HtmlElement, look: _Look) -> None:
    if not look.shows_text and element.text:
        element.text = None
    for child in list(element):
        css = _css(child)
        if child.tag in _NEVER_SHOWN or _is_gone(child, css):
            child.drop_tree()
        elif child.tag == "img":
            child.text = _alt(child, css)
            if not _inherit(child, css, look).shows_text or not child.text:
                child.drop_tree()
            else:
                child.tag = "span"
        else:
            _prune(child, _inherit(child, css, look))
    if not look.shows_text:
        for child in element:
            child.tail = None


def _css(element: HtmlElement) -> dict[str, str]:
    """Return the declarations in force; important ones win."""
    found = list(declarations(element.get("style") or ""))
    css = {name: value.lower() for name, value, important in found if not important}
    return css | {name: value.lower() for name, value, important in found if important}


def _is_gone(element: HtmlElement, css: dict[str, str]) -> bool:
    """Whether neither the element nor anything in it can be seen."""
    display = css.get("display")
    if display is None and (
        "hidden" in element.attrib or (element.tag == "dialog" and "open" not in element.attrib)
    ):
        display = "none"
    sides = ("height", "max-height", "width", "max-width")
    cut = any(
        css.get(name, "").split(" ")[0] in {"hidden", "clip", "scroll", "auto"}
        for name in ("overflow", "overflow-x", "overflow-y")
    )
    moved = css.get("position") in {"absolute", "fixed", "relative"}
    shifts = ("left", "top", "right", "bottom") if moved else ()
    return (
        display == "none"
        or _number(css.get("opacity")) == 0
        or (cut and any(_number(css.get(side)) == 0 for side in sides))
        or any(
            _pixels(css.get(side)) < -_OFF_SCREEN
            for side in (*shifts, "text-indent", "margin-left", "margin-top")
        )
        or any(_NOTHING_SHOWN.search(css.get(name, "")) for name in ("transform", "clip-path"))
        or (moved and "rect(" in css.get("clip", "") and bool(_NOTHING_SHOWN.search(css["clip"])))
    )


def _inherit(element: HtmlElement, css: dict[str, str], look: _Look) -> _Look:
    if (visibility := css.get("visibility")) in {"hidden", "collapse", "visible"}:
        look = replace(look, is_hidden=visibility != "visible")
    size = css.get("font-size")
    if size is None and (found := _FONT_SIZE.search(css.get("font", ""))):
        size = found[1]
    if size is not None:
        number, unit = _length(size)
        if number is None:  # a keyword
            look = replace(look, is_tiny=look.is_tiny and size in {"smaller", "larger", "inherit"})
        elif unit in {"em", "%"}:
            look = replace(look, is_tiny=look.is_tiny or number == 0)
        else:
            look = replace(look, is_tiny=number == 0 or (number <= 1 and unit in {"px", "pt"}))
    color = css.get("-webkit-text-fill-color") or css.get("color") or element.get("color")
    if color is not None and color != "inherit":
        look = replace(look, color=_color(color))
    elif element.tag == "a" and "href" in element.attrib and color is None:
        look = replace(look, color=None)  # a link has a color of its own
    background = css.get("background-color") or css.get("background") or element.get("bgcolor")
    if "background" in element.attrib or "background-image" in css:
        background = "unknown"
    if background is not None and background not in {"transparent", "none", "inherit"}:
        look = replace(look, background=_color(background))
    return look


def _color(text: str) -> str | None:
    """Return `#rrggbb` or "transparent"; None for a color that is not certain."""
    text = _NAMED.get(text.strip().lower(), text.strip().lower())
    if text == "transparent" or _ALPHA_ZERO.fullmatch(text):
        return "transparent"
    if rgb := _RGB.fullmatch(text):
        return (
            None
            if rgb[4]
            else "#{:02x}{:02x}{:02x}".format(*(int(rgb[n]) % 256 for n in (1, 2, 3)))
        )
    if not _HEX.fullmatch(text):
        return None
    digits = text[1:] if len(text) > 5 else "".join(digit * 2 for digit in text[1:])
    if digits[6:] == "00":
        return "transparent"
    return "#" + digits[:6] if digits[6:] in ("", "ff") else None


def _alt(image: HtmlElement, css: dict[str, str]) -> str:
    """Return what stands for an image without the image; nothing for one without a size."""
    sizes = [css.get("width") or image.get("width"), css.get("height") or image.get("height")]
    numbers = [number for size in sizes if (number := _number(size)) is not None]
    return "" if any(number <= 1 for number in numbers) else (image.get("alt") or "").strip()


def _show_area(area: HtmlElement) -> None:
    """Put a link of an image map where the map is, as a link with its alt text."""
    map_ = next(area.iterancestors("map"), None)
    if map_ is None or not area.get("href"):
        return
    link = lxml_html.Element("a")
    link.attrib.update(area.attrib)
    link.text = area.get("alt") or ""
    map_.addprevious(link)
    link.tail = " "


def _pixels(text: str | None) -> float:
    number, unit = _length(text or "")
    return (number or 0) * (16 if unit in {"em", "rem"} else 1)


def _number(text: str | None) -> float | None:
    """Return the number of a length in its own unit; None without one. `100%` is 100."""
    return _length(text)[0] if text is not None else None


def _length(text: str) -> tuple[float | None, str]:
    found = _LENGTH.fullmatch(text.strip().lower())
    return (float(found[1]), found[2]) if found else (None, "")
