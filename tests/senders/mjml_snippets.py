# ruff: noqa: E501 - a snippet is a line
"""MJML in many forms, each small: what the compiler is compared on. No source is an e-mail to copy."""

from __future__ import annotations


def page(body: str, head: str = "", attributes: str = "") -> str:
    head = head and f"<mj-head>{head}</mj-head>"
    return f"<mjml{attributes}>{head}<mj-body>{body}</mj-body></mjml>"


def column(content: str) -> str:
    return page(f"<mj-section><mj-column>{content}</mj-column></mj-section>")


SNIPPETS = {
    "text": column("<mj-text>Hi <b>you</b></mj-text>"),
    "text attrs": column(
        '<mj-text font-size="20px" color="#F45E43" font-family="helvetica" align="center" height="50px" line-height="1.5" letter-spacing="1px" text-transform="uppercase" text-decoration="underline" padding="3px 4px">Hi</mj-text>'
    ),
    "nl style": column(
        '<mj-text><p style="color: red;\n\tmargin: 0" title="C:\\new">a "quote" \\ है</p></mj-text>'
    ),
    "nbsp alt": column(
        '<mj-image src="https://x.example/a.png?a=1&amp;b=2" alt="20\u00a0% हिन्दी" title="t &quot;q&quot; &lt;b&gt;" href="https://x.example/?a=1&amp;b=2" width="200px" />'
    ),
    "single q": column(
        "<mj-text><a href='https://x.example' title='They say \"no\"'>x</a></mj-text>"
    ),
    "raw": column("<mj-raw><p title='They say \"no\"'>x</p><br><img src=a.png></mj-raw>"),
    "void": column('<mj-text>a<br>b<br/>c<img src="x.png"><hr></mj-text>'),
    "unclosed": column("<mj-text><p>a<p>b<ul><li>x<li>y</ul></mj-text>"),
    "entities": column("<mj-text>&nbsp;&copy;&euro;&amp;&lt; a &foo; & b < c</mj-text>"),
    "comment": column("<!-- c1 --><mj-text>a<!-- c2 -->b</mj-text>"),
    "mso": column(
        "<mj-text><!--[if mso]><b>o</b><![endif]--><!--[if !mso]><!--><i>n</i><!--<![endif]--></mj-text>"
    ),
    "button": column(
        '<mj-button href="https://x.example/?a=1&amp;b=2" background-color="#0b6e5f" inner-padding="14px 26px" border-radius="6px" font-weight="600" align="left">Go &amp; see</mj-button>'
    ),
    "button nohref": column("<mj-button>Go</mj-button>"),
    "button width": column(
        '<mj-button width="200px" height="40px" rel="nofollow" target="_self" name="n" title="t" href="#x">Go</mj-button>'
    ),
    "image": column(
        '<mj-image src="https://x.example/a.png" fluid-on-mobile="true" border="1px solid red" border-radius="4px" padding="0" />'
    ),
    "image srcset": column(
        '<mj-image src="a.png" srcset="a.png 1x, b.png 2x" sizes="100vw" usemap="#m" name="n" height="40px"/>'
    ),
    "divider": column(
        '<mj-divider border-width="1px" border-style="dashed" border-color="lightgrey" width="50%" align="left"/>'
    ),
    "spacer": column('<mj-spacer height="50px"/>'),
    "table": column(
        '<mj-table cellpadding="4" width="50%" table-layout="fixed"><tr style="border-bottom:1px solid #ecedee;text-align:left;"><th>Y</th></tr><tr><td>1</td></tr></mj-table>'
    ),
    "2col": page(
        "<mj-section><mj-column><mj-text>a</mj-text></mj-column><mj-column><mj-text>b</mj-text></mj-column></mj-section>"
    ),
    "3col w": page(
        '<mj-section><mj-column width="20%"><mj-text>a</mj-text></mj-column><mj-column width="200px"><mj-text>b</mj-text></mj-column><mj-column><mj-text>c</mj-text></mj-column></mj-section>'
    ),
    "col style": page(
        '<mj-section><mj-column padding="10px" border="1px solid" inner-background-color="#eee" background-color="#fff" vertical-align="middle" border-radius="3px"><mj-text>a</mj-text></mj-column></mj-section>'
    ),
    "group": page(
        "<mj-section><mj-group><mj-column><mj-text>a</mj-text></mj-column><mj-column><mj-text>b</mj-text></mj-column></mj-group></mj-section>"
    ),
    "section bg": page(
        '<mj-section background-url="https://x.example/bg.png" background-size="cover" background-repeat="no-repeat" background-position="center top" background-color="#eee" full-width="full-width"><mj-column><mj-text>a</mj-text></mj-column></mj-section>'
    ),
    "section bg2": page(
        '<mj-section background-url="https://x.example/bg.png" background-size="auto"><mj-column><mj-text>a</mj-text></mj-column></mj-section>'
    ),
    "section border": page(
        '<mj-section border="1px solid red" border-radius="5px" direction="rtl" text-align="left" padding="0"><mj-column><mj-text>a</mj-text></mj-column></mj-section>'
    ),
    "wrapper": page(
        '<mj-wrapper background-color="#eee" padding="10px" border="1px solid"><mj-section><mj-column><mj-text>a</mj-text></mj-column></mj-section><mj-section><mj-column><mj-text>b</mj-text></mj-column></mj-section></mj-wrapper>'
    ),
    "wrapper full": page(
        '<mj-wrapper full-width="full-width" background-color="#eee"><mj-section><mj-column><mj-text>a</mj-text></mj-column></mj-section></mj-wrapper>'
    ),
    "hero": page(
        '<mj-hero mode="fixed-height" height="469px" background-width="600px" background-height="469px" background-url="https://x.example/h.jpg" background-color="#2a3448" padding="100px 0px"><mj-text>GO</mj-text><mj-button href="https://x.example">O</mj-button></mj-hero>'
    ),
    "hero fluid": page(
        '<mj-hero mode="fluid-height" background-width="600px" background-height="400px" background-url="https://x.example/h.jpg"><mj-text>GO</mj-text></mj-hero>'
    ),
    "social": column(
        '<mj-social mode="horizontal" icon-size="30px"><mj-social-element name="facebook" href="https://x.example/?a=1&amp;b=2">Facebook</mj-social-element><mj-social-element name="twitter-noshare" href="https://x.example">T</mj-social-element><mj-social-element src="a.png" alt="x">C</mj-social-element></mj-social>'
    ),
    "social v": column(
        '<mj-social mode="vertical"><mj-social-element name="github" href="https://x.example">G</mj-social-element></mj-social>'
    ),
    "navbar": column(
        '<mj-navbar base-url="https://x.example" hamburger="hamburger" ico-color="#000"><mj-navbar-link href="/a" color="#000">A</mj-navbar-link><mj-navbar-link href="/b">B &amp; C</mj-navbar-link></mj-navbar>'
    ),
    "accordion": column(
        "<mj-accordion><mj-accordion-element><mj-accordion-title>T</mj-accordion-title><mj-accordion-text>x <b>y</b></mj-accordion-text></mj-accordion-element></mj-accordion>"
    ),
    "carousel": column(
        '<mj-carousel><mj-carousel-image src="https://x.example/1.jpg" /><mj-carousel-image src="https://x.example/2.jpg" alt="b" href="https://x.example" /></mj-carousel>'
    ),
    "head": page(
        '<mj-section><mj-column><mj-text mj-class="blue big">a</mj-text></mj-column></mj-section>',
        '<mj-title>T &amp; t</mj-title><mj-preview>P &amp; p</mj-preview><mj-attributes><mj-text padding="0"/><mj-class name="blue" color="blue"/><mj-class name="big" font-size="20px"/><mj-all font-family="Arial"/></mj-attributes><mj-breakpoint width="320px"/><mj-font name="Raleway" href="https://fonts.example/r"/><mj-style>.a{color:red} a > b {x:y}</mj-style>',
    ),
    "style inline": page(
        '<mj-section><mj-column><mj-text css-class="c"><p class="q">a</p></mj-text></mj-column></mj-section>',
        '<mj-style inline="inline">.q{color:red} .q:hover{color:blue} .c div{margin:1px}</mj-style>',
    ),
    "htmlattr": page(
        '<mj-section><mj-column><mj-text css-class="c">a</mj-text></mj-column></mj-section>',
        '<mj-html-attributes><mj-selector path=".c div"><mj-html-attribute name="data-id">42</mj-html-attribute></mj-selector></mj-html-attributes>',
    ),
    "lang": page(
        "<mj-section><mj-column><mj-text>a</mj-text></mj-column></mj-section>",
        "",
        ' lang="de" dir="rtl"',
    ),
    "body": "<mjml><mj-body width='700px' background-color='#eee' css-class='b'><mj-section><mj-column><mj-text>a</mj-text></mj-column></mj-section></mj-body></mjml>",
    "font": column('<mj-text font-family="Roboto, Arial">a</mj-text>'),
    "empty col": column(""),
    "empty body": "<mjml><mj-body></mj-body></mjml>",
    "raw body": page(
        "<mj-raw><div>x</div></mj-raw><mj-section><mj-column><mj-text>a</mj-text></mj-column></mj-section>"
    ),
    "raw head": page(
        "<mj-section><mj-column><mj-text>a</mj-text></mj-column></mj-section>",
        '<mj-raw><meta name="x" content="y"></mj-raw>',
    ),
    "dup attr text nl": column("<mj-text>\n  line one\n  line two\n\n  <p>\n x </p>\n</mj-text>"),
    "css-class": page(
        '<mj-section css-class="s"><mj-column css-class="k"><mj-text css-class="t">a</mj-text><mj-image src="a.png" css-class="i"/><mj-button css-class="b">x</mj-button></mj-column></mj-section>'
    ),
    "mj-class css": page(
        '<mj-section><mj-column><mj-text mj-class="a" css-class="z">a</mj-text></mj-column></mj-section>',
        '<mj-attributes><mj-class name="a" css-class="y"><mj-text color="red"/></mj-class></mj-attributes>',
    ),
    "pre": column("<mj-text><pre>a\n  b</pre><code>&lt;x&gt;</code></mj-text>"),
    "cdata": column("<mj-text><![CDATA[a < b]]></mj-text>"),
    "self-close span": column("<mj-text><span/>x<td/></mj-text>"),
    "bool attr": column('<mj-text><input disabled><a href=x>y</a><img src="a" ismap></mj-text>'),
    "hash": column('<mj-button href="">x</mj-button>'),
    "nested tbl": column(
        '<mj-text><table><tr><td width="1" style="color:red">a</td></tr></table></mj-text>'
    ),
    "dollar": column("<mj-text>$1 $& \\1 {{ x }} {% if %}</mj-text>"),
    "upper": column('<mj-text><P CLASS="X">a</P><svg viewBox="0 0 1 1"></svg></mj-text>'),
    "bad width": column('<mj-text width="20px">a</mj-text>'),
    "bad color": column('<mj-text color="notacolor!">a</mj-text>'),
    "unknown tag": column("<mj-buton>a</mj-buton>"),
    "misplaced": page("<mj-text>a</mj-text>"),
    "include": page('<mj-include path="/etc/hostname"/>'),
    "unbalanced": "<mjml><mj-body><mj-section></mj-body></mjml>",
    "no mjml": "<p>x</p>",
    "doctype": '<?xml version="1.0"?>\n<!DOCTYPE x>\n' + column("<mj-text>a</mj-text>"),
    "text in column": column("plain text<mj-text>a</mj-text>"),
}


# With values of contacts, for Jinja: attributes, texts, rules, and parts that come and go.
VALUES = {
    "name": '20\u00a0% "Jo" <b> \\n हिन्दी & Söhne\'s',
    "empty": "",
    "width": 200,
    "color": "#0b6e5f",
    "url": "https://x.example/?a=1&b=2",
    "markup": "<mj-text>no</mj-text><!--",
}
WITH_VALUES = {
    "texts": column("<mj-text>Hello {{ name }}, {{ markup }}{{ empty }}.</mj-text>"),
    "attributes of components": column(
        '<mj-image src="{{ url }}" alt="{{ name }}" title="{{ name }}" href="{{ url }}&amp;c=3" />'
    ),
    "attributes of HTML": column(
        '<mj-text><p title="{{ name }}" style="color: {{ color }};\n margin: 0">{{ name }}</p>'
        "<img src='{{ url }}' alt='{{ name }}'></mj-text>"
    ),
    "an empty attribute changes the layout": column(
        '<mj-image src="a.png" alt="{{ empty }}" title="{{ empty }}" href="{{ empty }}" />'
        '<mj-button href="{{ empty }}">{{ name }}</mj-button>'
    ),
    "layout": column(
        '<mj-image src="a.png" width="{{ width }}px" /><mj-text color="{{ color }}">x</mj-text>'
        '<mj-divider border-color="{{ color }}" css-class="{{ name }}" />'
    ),
    "rules": page(
        "<mj-section><mj-column><mj-text>x</mj-text></mj-column></mj-section>",
        "<mj-title>{{ name }}</mj-title><mj-preview>{{ name }}</mj-preview>"
        "<mj-style>p { color: {{ color }} }</mj-style>"
        '<mj-style inline="inline">div { color: {{ color }} }</mj-style>'
        '<mj-attributes><mj-all color="{{ color }}" /></mj-attributes>',
    ),
    "branches and loops": column(
        "{% for n in [1, 2, 3] %}<mj-text>{{ n }} {{ name }}</mj-text>{% endfor %}"
        '{% if empty %}<mj-text>no</mj-text>{% else %}<mj-button href="{{ url }}">{{ name }}'
        "</mj-button>{% endif %}"
    ),
    "macros": "{% macro button(url, label) %}<mj-button href='{{ url }}'>{{ label }}</mj-button>"
    "{% endmacro %}{% set hello %}Hello {{ name }}{% endset %}"
    + column("{{ button(url, name) }}<mj-text>{{ hello }} {{ hello | upper }}</mj-text>"),
    "raw": column('<mj-raw><a href="{{ url }}" title="{{ name }}">{{ name }}</a></mj-raw>'),
    "html attributes": page(
        '<mj-section><mj-column><mj-text css-class="c">{{ name }}</mj-text></mj-column>'
        "</mj-section>",
        '<mj-html-attributes><mj-selector path=".c div"><mj-html-attribute name="data-id">'
        "{{ width }}</mj-html-attribute></mj-selector></mj-html-attributes>",
    ),
    "menu": column(
        '<mj-navbar base-url="https://x.example"><mj-navbar-link href="/{{ width }}">{{ name }}'
        '</mj-navbar-link></mj-navbar><mj-social><mj-social-element name="facebook" '
        'href="{{ url }}" alt="{{ name }}">{{ name }}</mj-social-element></mj-social>'
    ),
    "carousel": column(
        '<mj-carousel><mj-carousel-image src="{{ url }}" alt="{{ name }}" href="{{ url }}" />'
        '<mj-carousel-image src="b.png" href="{{ empty }}" /></mj-carousel>'
    ),
}
