# ruff: noqa: E501 - a case of a table is a line
"""Links whose address comes from a contact: none leads a redirect to a host of the contact's choice."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from senders import redirects
from senders.errors import RenderError
from senders.message import compose, template_context, unsubscribe_url
from senders.rendering import Templates
from tests.senders.senders_support import NOW, make_send, parse, write_templates

FOOT = '<p>{{ identity.postal_address }} <a href="{{ unsubscribe_url }}">leave</a></p>'
MJML = "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"


class _Hrefs(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name == "href"]


@pytest.fixture
def send(tmp_path, identity, links):
    """Compose an e-mail; return the addresses that the HTML's redirects lead to, and its other links."""

    def send(body, *, suffix="html", hosts=(), **contact):
        foot = f"<mj-text>{FOOT}</mj-text>" if suffix == "mjml" else FOOT
        page = (MJML if suffix == "mjml" else "<html><body>{}</body></html>").format(body + foot)
        files = {f"activation__welcome__{suffix}": f"---\nsubject: S\n---\n{page}"}
        templates = Templates(write_templates(tmp_path / "templates", **files))
        listed = replace(links, hosts=frozenset(hosts))
        message = parse(
            compose(make_send(personalization=contact), templates, identity, listed, NOW)
        )
        html = message.get_body(("html",)).get_content()
        # Outlook reads what is in conditional comments.
        urls = _Hrefs(re.sub(r"<!--\[if mso\]>|<!\[endif\]-->", "", html)).found
        to = [links.read_click(urlsplit(url).path[3:])[1] for url in urls if "/c/" in url]
        return to, [url for url in urls if not url.startswith(links.base_url)]

    return send


@pytest.mark.parametrize(
    ("body", "value", "target"),
    [
        ('<a href="https://n.example/{{ v }}">x</a>', "a", "https://n.example/a"),
        (
            '<a href="https://n.example/?q={{ v }}">x</a>',
            "//evil.example",
            "https://n.example/?q=//evil.example",
        ),
        (
            '<a href="https://n.example/{{ v }}">x</a>',
            "@evil.example",
            "https://n.example/@evil.example",
        ),
        ('<a href="https://n.example/{{ v }}">x</a>', "../\\evil", "https://n.example/..//evil"),
        ('<a href="https://n.example?{{ v }}">x</a>', "a=1&b=2", "https://n.example?a=1&b=2"),
        (
            '<a href="https://n.example/?q={{ v | urlencode }}">x</a>',
            "a&b ü",
            "https://n.example/?q=a%26b%20%C3%BC",
        ),
        ('<a href="https://n.example{{ v }}">x</a>', "/path", "https://n.example/path"),
        (
            '<a href="{{ v }}">x</a><a href="https://n.example/">y</a>',
            "https://n.example/mine",
            "https://n.example/mine",
        ),
        (
            "{% set b = 'https://n.example' %}<a href='{{ b }}/{{ v }}'>x</a>",
            "a",
            "https://n.example/a",
        ),
        (
            "{% macro m(u) %}<a href='{{ u }}'>x</a>{% endmacro %}{{ m('https://n.example/' ~ v) }}",
            "a",
            "https://n.example/a",
        ),
        ("<map><area alt=x href='https://n.example/{{ v }}'></map>", "a", "https://n.example/a"),
        (
            "<!--[if mso]><v:roundrect href='https://n.example/{{ v }}'/><![endif]-->",
            "a",
            "https://n.example/a",
        ),
        ("<a href='https://n.example/\n\t{{ v }}'>x</a>", "a\nb\tc", "https://n.example/abc"),
        (
            "<a href='https://n.example/{{ v }}'>x</a>",
            "'><a href='//evil.example",
            "https://n.example/'><a%20href='//evil.example",
        ),
        ("<a href=https://n.example/x?a=1&amp;b=2>x</a>", "", "https://n.example/x?a=1&b=2"),
    ],
)
def test_a_redirect_leads_where_the_author_sent_it(send, body, value, target):
    assert (
        send(body.replace("{{ v", "{{ contact.v").replace("~ v", "~ contact.v"), v=value)[0][0]
        == target
    )


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("{{ v }}", "https://evil.example/"),
        ("{{ v }}", "HTTPS:\\\\evil.example"),
        ("{{ v }}", "https://n.example@evil.example"),
        ("{{ v }}", "https://n.example.evil.example"),
        ("{{ v }}", "https:evil.example"),
        ("{{ v }}?u=1", "http://evil.example"),
        ("https://{{ v }}/x", "evil.example"),
        ("https://{{ v }}.n.example/x", "evil.example/"),
        ("https://{{ v }}.n.example/x", "sub"),
        ("{{ v }}://n.example", "https://evil.example/"),
        ("\n{{ v }}", "\thttps://evil.example"),
    ],
)
@pytest.mark.parametrize(
    "tag",
    [
        "<a href='{}'>x</a><a href='https://n.example/'>y</a>",
        "<!--[if mso]><a href=\"{}\">x</a><![endif]--><a href='https://n.example/'>y</a>",
    ],
)
def test_a_value_cannot_choose_where_a_redirect_leads(send, tag, address, value):
    to, kept = send(tag.format(address.replace("v ", "contact.v ")), v=value)
    assert to == ["https://n.example/"]
    assert len(kept) == 1


def test_a_listed_host_is_redirected(send):
    body = '<a href="{{ contact.v }}">x</a><a href="https://{{ contact.w }}.y.example">y</a>'
    to, _ = send(body, v="https://Cal.example/jo", w="a", hosts=["cal.example", "*.y.example"])
    assert to == ["https://Cal.example/jo", "https://a.y.example"]


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("javascript:alert(1)", ""),
        ("&#106;ava&Tab;script:alert(1)", ""),
        (" \x0bjavascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("vbscript:x", ""),
        ("file:///etc/passwd", ""),
        ("//evil.example", ""),
        ("\\\\evil.example", ""),
        ("/\t/evil.example", ""),
        ("https://", ""),
        ("{{ v }}", "javascript:alert(1)"),
        ("{{ v }}", "java\nscript:alert(1)"),
        ("{{ v }}", "\x00\x01JAVASCRIPT:alert(1)"),
        ("{{ v }}", "data:text/html;base64,x"),
        ("{{ v }}", "file:///c:/x"),
        ("{{ v }}", "//evil.example"),
        ("{{ v }}", "myapp://x"),
        ("{{ v }}:alert(1)", "javascript"),
        ("java{{ v }}", "script:alert(1)"),
        ("/{{ v }}", "/evil.example"),
        ("https://{{ v }}", ""),
        ("https://n.example{{ v }}", "@evil.example"),
        ("https://n.example{{ v }}", ".evil.example/"),
    ],
)
@pytest.mark.parametrize(
    "tag", ['<a href="{}">x</a>', "<!--[if mso]><a href='{}'>x</a><![endif]-->"]
)
def test_a_link_that_no_email_may_have_is_refused(send, tag, address, value):
    with pytest.raises(RenderError, match="template activation/welcome: "):
        send(tag.format(address.replace("v ", "contact.v ")), v=value)


@pytest.mark.parametrize(
    "tag",
    [
        '<form action="{}">',
        '<button formaction="{}">',
        '<svg><a xlink:href="{}">x</a></svg>',
        '<link href="{}">',
        '<base href="{}">',
    ],
)
def test_other_addresses_are_refused_too_and_never_redirected(send, tag):
    with pytest.raises(RenderError, match="javascript"):
        send(tag.format("{{ contact.v }}"), v="javascript:alert(1)")
    assert send(tag.format("https://n.example/"))[0] == []


@pytest.mark.parametrize(
    "address",
    [
        "mailto:{{ contact.v }}",
        "tel:{{ contact.v }}",
        "#{{ contact.v }}",
        "{{ contact.v }}",
        "myapp://{{ contact.v }}",
    ],
)
def test_other_links_leave_as_written(send, address):
    to, kept = send(f'<a href="{address}">x</a>', v="x")
    assert (to, kept) == ([], [address.replace("{{ contact.v }}", "x")])


@pytest.mark.parametrize("suffix", ["html", "mjml"])
def test_a_value_with_markup_makes_no_link(send, suffix):
    evil = "\"><a href='https://evil.example'>x</a>"
    body = '<p title="{{ contact.v }}">{{ contact.v }}</p>'
    body += "<a title='{{ contact.v }}' href=\"https://n.example/\">{{ contact.v }}</a>"
    to, kept = send(
        body if suffix == "html" else f"<mj-text>{body}</mj-text>", suffix=suffix, v=evil
    )
    assert to == ["https://n.example/"]
    assert kept == []


@pytest.mark.parametrize(
    ("body", "remark"),
    [
        (
            '<a href="https://n.example/?q={{ contact.v }}">x</a>',
            "one.html:5: a value in the link https://n.example/?q=… is not url-encoded: write {{ … | urlencode }}",
        ),
        ('<a href="https://n.example/{{ contact.v }}">x</a>', "one.html:5: a value in the link"),
        (
            "{% macro m(t) %}<a href='https://n.example/?{{ t }}'>x</a>{% endmacro %}{{ m(contact.v) }}",
            "one.html:5: a value in the link",
        ),
        (
            '{% set u = "https://n.example/" ~ contact.v %}<a href="{{ u }}">x</a><a href="https://n.example/{{ contact.v }}">',
            "one.html:5: a value",
        ),
        ('<a href="{{ contact.v }}">x</a>', "one.html:5: a value decides the host of the link"),
        (
            '<a href="https://{{ contact.v }}/x">x</a>',
            "one.html:5: a value decides the host of the link https://",
        ),
        ('{% include "_part.html" %}', "_part.html:2: a value in the link"),
        (
            "<!--[if mso]><a href='https://n.example/?{{ contact.v }}'>x</a><![endif]-->",
            "one.html:5: a value in the link",
        ),
        (
            '<a href="https://n.example/?q={{ contact.v | urlencode }}&amp;i={{ 3 }}&amp;s={{ send.step }}">x</a>',
            None,
        ),
        ('<a href="mailto:{{ contact.mail }}?subject={{ contact.mail | urlencode }}">x</a>', None),
        (
            '<a href="{{ contact.v | urlencode }}">x</a><a href="#{{ send.step }}">y</a>',
            "decides the host",
        ),
        (
            '<p title="{{ contact.v }}">{{ contact.v }}</p><img src="https://n.example/{{ contact.v }}">',
            None,
        ),
        ('<a href="{{ unsubscribe_url }}">x</a>', None),
    ],
)
def test_an_author_is_told_what_is_wrong_with_a_link(tmp_path, identity, links, body, remark):
    root = write_templates(
        tmp_path / "templates",
        activation__one__html=f"---\nsubject: S\n---\n\n{body}",
        _part__html='\n<a href="https://n.example/?q={{ contact.v }}">x</a>',
    )
    templates = Templates(root)
    mail = make_send(personalization={"v": "this & that", "mail": "a+b@x.example"})
    leave = unsubscribe_url(mail, identity, links)
    context = template_context(mail, identity, leave)
    rendered = templates.render("activation/one", context)
    places = templates.places("activation/one", context)
    found = list(redirects.remarks(rendered, places, links, leave))
    assert bool(found) == bool(remark), found
    assert remark is None or any(remark in line for line in found), found


def test_links_of_branches_that_no_contact_takes_are_looked_at(tmp_path, identity, links):
    link = '<a href="https://n.example/?q={{ contact.v }}">x</a>'
    root = write_templates(
        tmp_path / "templates",
        activation__one__html="---\nsubject: S\n---\n{% if contact.v == 'a' %}a{% elif contact.v %}b"
        f"{{% else %}}\n{{% for i in [1] %}}{{% if contact.v == 'z' %}}\n{link}{{% endif %}}"
        "{% endfor %}{% endif %}",
    )
    mail = make_send(personalization={"v": "this & that"})
    context = template_context(mail, identity, "https://go.example/u/x")
    for all_branches in (False, True):
        templates = Templates(root, all_branches=all_branches)
        rendered = templates.render("activation/one", context)
        places = templates.places("activation/one", context)
        found = list(redirects.remarks(rendered, places, links, "https://go.example/u/x"))
        assert len(found) == all_branches
    assert found[0].startswith("templates/activation/one.html:6: a value in the link")
