# ruff: noqa: E501 - a case of a table is a line
"""What counts as hidden: a table of ways to hide a link, and of ways that hide nothing."""

import pytest

from senders.page import make_page
from senders.visible import declarations, is_readable

LEAVE = "https://x.example/leave"
A = f'<a href="{LEAVE}">leave</a>'


def seen(html: str) -> bool:
    page = make_page(html, inline=False)
    return any(link.is_seen(()) for link in page.links if link.url(()) == LEAVE)


HIDDEN = {
    "a comment": f"<!-- {A} -->",
    "a comment that another tag ends": f"<!-- <p> {A} </p> --!>x",
    "for Outlook only": f"<!--[if mso]>{A}<![endif]-->",
    "for some Outlooks only": f"<!--[if gte mso 9]><p>{A}</p><![endif]-->",
    "no text": f'<a href="{LEAVE}"></a>',
    "blanks": f'<a href="{LEAVE}"> &nbsp;<br></a>',
    "zero-width text": f'<a href="{LEAVE}">&zwnj;&#8203;&#xFEFF;&shy;&#847;</a>',
    "blank letters": f'<a href="{LEAVE}">&#x3164;&#x2800;</a>',
    "display:none": f'<a href="{LEAVE}" style="display:none">leave</a>',
    "display: none !important": f'<p style="DISPLAY : none ! important; display:block">{A}</p>',
    "display:none by a rule": f"<style>.x {{ display: none }}</style><div class=x><p>{A}</p></div>",
    "by a more specific rule": f"<style>#x{{display:none}} p{{display:block}}</style><p id=x>{A}</p>",
    "hidden": f"<div hidden>{A}</div>",
    "visibility:hidden": f'<table><td style="visibility:hidden">{A}</table>',
    "visibility:collapse": f'<p style="visibility:collapse">{A}</p>',
    "opacity:0": f'<p style="opacity:0.0">{A}</p>',
    "font-size:0": f'<p style="font-size:0">{A}</p>',
    "font-size:0px, inherited through em": f'<p style="font-size:0px"><b style="font-size:2em">{A}</b></p>',
    "font-size:1px": f'<span style="font-size:1px;line-height:1px">{A}</span>',
    "font shorthand": f'<p style="font:0/0 a">{A}</p>',
    "max-height:0": f'<div style="max-height:0;overflow:hidden">{A}</div>',
    "height:0px": f'<div style="height:0px;overflow-y:hidden">{A}</div>',
    "max-width:0": f'<div style="max-width:0;overflow:hidden">{A}</div>',
    "off the screen": f'<div style="position:absolute;left:-9999px">{A}</div>',
    "above the screen": f'<div style="position:fixed;top:-10000px">{A}</div>',
    "off the screen in em": f'<div style="position:absolute;left:-999em">{A}</div>',
    "text-fill-color": f'<a href="{LEAVE}" style="-webkit-text-fill-color:transparent">leave</a>',
    "text-indent": f'<p style="text-indent:-9999px">{A}</p>',
    "margin": f'<p style="margin-left:-9999px">{A}</p>',
    "clip": f'<p style="position:absolute;clip:rect(0,0,0,0)">{A}</p>',
    "clip-path": f'<p style="clip-path:inset(100%)">{A}</p>',
    "transform": f'<p style="transform:scale(0)">{A}</p>',
    "transparent": f'<a href="{LEAVE}" style="color:transparent">leave</a>',
    "rgba": f'<a href="{LEAVE}" style="color:rgba(0, 0, 0, 0)">leave</a>',
    "the color of the background": f'<table><td bgcolor="#FFF"><a href="{LEAVE}" style="color:white">leave</a></table>',
    "the same color in other words": f'<p style="background:#123456"><a href="{LEAVE}" style="color:rgb(18,52,86)">x</a>',
    "template": f"<template>{A}</template>",
    "style": f"<style>{A}</style>",
    "script": f"<script>{A}</script>",
    "title": f"<title>{A}</title>",
    "textarea": f"<textarea>{A}</textarea>",
    "a closed dialog": f"<dialog>{A}</dialog>",
    "an image without alt": f'<a href="{LEAVE}"><img src="a.png"></a>',
    "an image with an empty alt": f'<a href="{LEAVE}"><img src="a.png" alt=" "></a>',
    "an image of one pixel": f'<a href="{LEAVE}"><img src="a.png" alt="leave" width="1" height=1></a>',
    "an image without size": f'<a href="{LEAVE}"><img src="a.png" alt="leave" style="width:0"></a>',
    "a hidden image": f'<a href="{LEAVE}"><img src="a.png" alt="leave" style="display:none"></a>',
    "hidden text in the link": f'<a href="{LEAVE}"><span style="display:none">leave</span></a>',
    "an attribute of another tag": f"<p title='{A}'>x</p>",
    "no link": f"<p>{LEAVE}</p>",
    "another element": f'<link href="{LEAVE}"><p>leave</p>',
}  # fmt: skip
SHOWN = {
    "a link": A,
    "upper case": f"<A HREF={LEAVE}>leave</A>",
    "an image with alt": f'<a href="{LEAVE}"><img src="a.png" alt="leave"></a>',
    "an image map": f'<img usemap="#m"><map name=m><area href="{LEAVE}" alt="leave"></map>',
    "not for Outlook": f"<!--[if !mso]><!-->{A}<!--<![endif]-->",
    "not for Outlook, short": f"<![if !mso]>{A}<![endif]>",
    "hidden from Outlook": f'<p style="mso-hide:all">{A}</p>',
    "hidden on phones": f"<style>@media (max-width:9px){{a{{display:none}}}}</style>{A}",
    "hidden in print": f'<style media="print">a{{display:none}}</style>{A}',
    "shown by a stronger rule": f"<style>a{{display:none}}</style><a style='display:block' href={LEAVE}>x</a>",
    "hidden, but displayed": f'<p hidden style="display:block">{A}</p>',
    "visible in something hidden": f'<p style="visibility:hidden"><b style="visibility:visible">{A}</b></p>',
    "large in something small": f'<table><td style="font-size:0px"><div style="font-size:13px">{A}</div></table>',
    "max-height without overflow": f'<p style="max-height:0">{A}</p>',
    "small, but readable": f'<p style="font-size:9px;line-height:0">{A}</p>',
    "moved a little": f'<p style="position:relative;left:-9px">{A}</p>',
    "half transparent": f'<p style="opacity:.5;color:rgba(0,0,0,.5)">{A}</p>',
    "white on a picture": f'<table><td background="x.png" bgcolor=white><a href="{LEAVE}" style="color:#fff">x</a></table>',
    "white on dark": f'<table><td bgcolor="#fff"><p style="background:#000"><a href="{LEAVE}" style="color:#fff">x</a></table>',
    "a name in any script": f'<a href="{LEAVE}">हटाएं</a>',
    "in many tables": "<table><tr><td>" * 100 + A + "</table>" * 100,
    "after a lone '<'": f"<p>1 < 2 {A}</p>",
    "after an unclosed list": f"<ul><li><b>x<li>{A}</ul>",
    "url( with a semicolon": f'<p style="background:url(data:image/png;base64,display:none)">{A}</p>',
}  # fmt: skip


@pytest.mark.parametrize("html", HIDDEN.values(), ids=HIDDEN)
def test_a_link_that_no_reader_sees_is_hidden(html):
    assert not seen(f"<html><body>{html}</body></html>")


@pytest.mark.parametrize("html", SHOWN.values(), ids=SHOWN)
def test_a_link_that_a_reader_sees_is_not_hidden(html):
    assert seen(f"<html><body>{html}</body></html>")


@pytest.mark.parametrize("html", HIDDEN.values(), ids=HIDDEN)
def test_the_text_part_leaves_out_what_is_hidden(html):
    """One decision for both: the address of a hidden link is not behind a text either."""
    text = make_page(f"<html><body>{html}<p>end</p></body></html>", inline=False).text_for(())
    assert f"({LEAVE})" not in text
    assert text.endswith("end\n")


@pytest.mark.parametrize("html", SHOWN.values(), ids=SHOWN)
def test_the_text_part_shows_what_a_reader_sees(html):
    text = make_page(f"<html><body>{html}</body></html>", inline=False).text_for(())
    assert f"({LEAVE})" in text


def test_readable_text_has_a_shape():
    assert not is_readable(" \u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e\n")
    assert is_readable("\u200bx")


def test_declarations_are_split_like_in_browsers():
    style = "color:red; a:url(data:x;y) !IMPORTANT;font-family:'a;b', \"c:d\";;bad;COLOR : blue"
    assert list(declarations(style)) == [
        ("color", "red", False), ("a", "url(data:x;y)", True), ("font-family", "'a;b', \"c:d\"", False),
        ("color", "blue", False),
    ]  # fmt: skip
