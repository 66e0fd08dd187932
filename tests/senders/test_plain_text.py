import pytest

from senders.page import make_page


def plain_text(html: str, *values: str) -> str:
    return make_page(html, inline=False).text_for(values)


def test_a_link_is_followed_by_its_address():
    html = '<p>See <a href="https://x.example/?a=1&amp;copy=2">this</a>.</p>'
    assert plain_text(html) == "See this (https://x.example/?a=1&copy=2).\n"


def test_anchors_and_mail_links_are_only_their_text():
    assert plain_text('<p><a href="#top">up</a> <a href="mailto:a@b.c">a</a></p>') == "up a\n"


def test_escaped_text_stays_text():
    assert plain_text("<p>&amp;lt;b&amp;gt; &lt;i&gt; &amp;amp; AT&amp;T&nbsp;&euro;</p>") == (
        "&lt;b&gt; <i> &amp; AT&T €\n"
    )


def test_nested_tables_do_not_change_the_text():
    inner = "<table><tr><td>&amp;amp;lt; a&amp;region=1</td></tr></table>"
    html = f"<table><tr><td>{inner}</td></tr></table>"
    assert plain_text(html) == "&amp;lt; a&region=1\n"


def test_layout_tables_leave_no_indent_and_few_blank_lines():
    html = "<table width=600><tr><td align=center><p>a</p></td></tr></table><br><br><br><p>b</p>"
    assert plain_text(html) == "a\n\nb\n"


def test_a_block_for_phones_appears_once():
    html = (
        "<style>.phone{display:none !important} @media (max-width:600px){"
        ".phone{display:block !important} .desk{display:none !important}}</style>"
        '<div class="desk">Hello</div><!--[if !mso]><!--><div class="phone">Hello</div>'
        "<!--<![endif]--><!--[if mso]><p>Hello</p><![endif]-->"
    )
    assert plain_text(html) == "Hello\n"


@pytest.mark.parametrize(
    "style",
    [
        "display:none;font-size:1px;color:#ffffff;line-height:1px;max-height:0;overflow:hidden",
        "display:none!important;visibility:hidden;mso-hide:all;opacity:0;height:0;width:0",
        "font-size:0;line-height:0",
        "color:transparent",
        "max-height:0;overflow:hidden",
    ],
)
def test_a_preheader_is_not_in_the_text(style):
    assert plain_text(f'<div style="{style}">Preview &zwnj;&nbsp;</div><p>Text</p>') == "Text\n"


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("<ol><li>a<li>b</ol>", "1. a|2. b"),
        ('<ol start="4"><li>a<li>b</ol>', "4. a|5. b"),
        ("<ol start='-1'><li>a<li>b</ol>", "-1. a|0. b"),
        ('<ol start="x"><li>a</ol>', "1. a"),
        ("<ol reversed><li>a<li>b<li>c</ol>", "3. a|2. b|1. c"),
        ("<ol reversed start=10><li>a<li>b</ol>", "10. a|9. b"),
        ("<ol><li>a<li value=7>b<li>c</ol>", "1. a|7. b|8. c"),
        ("<ol type=a start=26><li>a<li>b</ol>", "z. a|aa. b"),
        ("<ol type=A><li>a</ol><ol type=I start=9><li>b</ol>", "A. a|IX. b"),
        ("<ol style='list-style-type:lower-roman' start=4><li>a</ol>", "iv. a"),
        ("<ol start=2><li>a<ol><li>b</ol><li>c</ol>", "2. a|1. b|3. c"),
        ("<ol start=2><li style='display:none'>a<li>b</ol>", "2. b"),
        ("<ol style='list-style:none'><li>a</ol>", "a"),
        ("<ol>\n<li>a</li>\n<!-- x --><li>b</li>\n</ol>", "1. a|2. b"),
    ],
)
def test_lists_are_numbered_like_in_browsers(html, lines):
    text = plain_text(f"<html><body>{html}</body></html>")
    assert [line for line in text.splitlines() if line] == lines.split("|")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<img src="a.png" alt="A dog">', "A dog"),
        ('<a href="https://x.example"><img src="a.png" alt="Shop &amp; more"></a>', "Shop & more (https://x.example)"),
        ('<img src="a.png" alt="spacer" width="1" height="1">x', "x"),
        ('<img src="a.png" alt="">x<img src="b.png">', "x"),
        ('<p>a <img alt="b"> c</p>', "a b c"),
        ('<map><area href="https://x.example" alt="Shop"></map>', "Shop (https://x.example)"),
    ],
)  # fmt: skip
def test_images_are_their_alt_text(html, text):
    assert plain_text(f"<html><body>{html}</body></html>") == text + "\n"


def test_a_tag_inside_a_word_leaves_the_word_whole():
    assert (
        plain_text('<p>Hel<span style="color:red">lo</span>, <b>w</b>orld</p>') == "Hello, world\n"
    )


def test_values_are_text_whatever_they_hold():
    slot = chr(0x100000)
    html = f'<p>Hello {slot}</p><p>{slot}</p><a href="https://x.example/{slot}">go</a>'
    assert plain_text(html, "<b>&amp; x") == (
        "Hello <b>&amp; x\n\n<b>&amp; x\n\ngo (https://x.example/<b>&amp;%20x)\n"
    )
    assert plain_text(html, "") == "Hello\n\ngo (https://x.example/)\n"
    assert plain_text(f"<p>a {slot}\n</p>", "b\n\n c") == "a b c\n"
