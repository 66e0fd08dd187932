import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parseaddr, parsedate_to_datetime
from html import escape, unescape
from urllib.parse import urlsplit

import pytest

from senders.errors import AddressError, RenderError
from senders.message import build_message, compose, message_id, unsubscribe_url
from senders.page import make_page
from senders.rendering import Rendered
from tests.senders.senders_support import NOW, make_send, parse

SINGLE = [
    "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "List-Id", "List-Unsubscribe",
    "List-Unsubscribe-Post", "Feedback-ID", "X-Sendhouse-Send-Id", "MIME-Version", "Content-Type",
]  # fmt: skip


@pytest.fixture
def build(identity, links):
    """Build a message with this body and subject, an unsubscribe link and the postal address."""

    def build(body="<p>x</p>", *, subject="S", text=None, send=None, identity=identity, **options):
        send = send or make_send()
        leave = unsubscribe_url(send, identity, links)
        html = (
            f"<html><body>{body}<p>{escape(identity.postal_address)} "
            f'<a href="{escape(leave)}">leave</a></p></body></html>'
        )
        return build_message(
            send, read(html, subject=subject, text=text), identity, links, NOW, **options
        )

    return build


def read(html, *, subject="S", text=None, values=(), hosts=()):
    """Read HTML as a rendered e-mail; `text` replaces the text that the HTML shows."""
    page = make_page(html, inline=False)
    if text is not None:
        page = replace(page, text=(text,))
    return Rendered(subject, None, page, values, frozenset(hosts))


def html_of(data):
    return parse(data).get_body(("html",)).get_content()


def text_of(data):
    return parse(data).get_body(("plain",)).get_content()


def hrefs(data):
    return [unescape(url) for url in re.findall(r'(?i)href="([^"]*)"', html_of(data))]


def test_every_header_occurs_once_with_the_expected_value(build, identity, links):
    message = parse(build(subject="Grüße"))
    assert {name: len(message.get_all(name, [])) for name in SINGLE} == dict.fromkeys(SINGLE, 1)
    assert message["From"] == "Ada at Northwind <ada@northwind.example>"
    assert message["To"] == "jo@example.org"
    assert message["Subject"] == "Grüße"
    assert parsedate_to_datetime(message["Date"]) == NOW
    assert message["Message-ID"] == "<send-1@northwind.example>"
    assert message["Message-ID"] == message_id(make_send(), identity)
    assert message["Reply-To"] == "team@northwind.example"
    assert message["List-Id"] == "<lifecycle.northwind.example>"
    assert message["X-Sendhouse-Send-Id"] == "send-1"


def test_unsubscribing_is_one_click(build, links, identity):
    message = parse(build())
    link = message["List-Unsubscribe"]
    assert link == f"<{unsubscribe_url(make_send(), identity, links)}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = urlsplit(link[1:-1]).path.rsplit("/", 1)[1]
    asked = links.read_unsubscribe(token)
    assert (asked.send_id, asked.list_name) == ("send-1", "lifecycle.northwind.example")


def test_the_feedback_id_names_the_mailing_and_no_recipient(build):
    one = parse(build(send=make_send("a", email="a@example.org", contact_id="c1")))
    two = parse(build(send=make_send("b", email="b@example.org", contact_id="c2")))
    assert one["Feedback-ID"] == two["Feedback-ID"] == "welcome:default:activation:sendhouse"
    odd = parse(build(send=make_send(step="a:b c\r\nX: y")))
    assert odd["Feedback-ID"] == "a-b-c-X-y:default:activation:sendhouse"


def test_without_reply_to_the_header_is_missing(build, identity):
    assert parse(build(identity=replace(identity, reply_to=None)))["Reply-To"] is None


def test_text_comes_first_and_both_parts_are_utf_8(build):
    message = parse(build("<p>Zoë 例え</p>", text="Zoë 例え\n"))
    assert message.get_content_type() == "multipart/alternative"
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    assert all("Zoë 例え" in part.get_content() for part in parts)
    assert not message.defects


def test_the_same_input_gives_the_same_bytes(templates, identity, links):
    one = compose(make_send(), templates, identity, links, NOW)
    assert one == compose(make_send(), templates, identity, links, NOW)
    assert one != compose(make_send("send-2"), templates, identity, links, NOW)
    assert one != compose(make_send(), templates, identity, links, NOW + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("body", "text", "subject"),
    [
        ("x" * 5000, "y" * 5000, "z" * 3000),
        ("ü" * 2000, "ü" * 2000, "ü" * 800),
        ("a\rb\r\nc\nd \n.\n..\n", "a\rb\r\nc\nd \t\n.\nFrom me\n", "a b " * 200),
        ("=20 =3D =\n", "=_boundary\n--=_x--\n", "=?utf-8?q?x?="),
    ],
)
def test_on_the_wire_lines_are_short_ascii_and_end_in_crlf(build, body, text, subject):
    data = build(body, text=text, subject=subject)
    lines = data.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert data.isascii()
    assert data.endswith(b"--\r\n")
    message = parse(data)
    assert " ".join(message["Subject"].split()) == " ".join(subject.split())
    shown = text.replace("\t\n", "\n").split()
    assert text_of(data).split()[: len(shown)] == shown
    assert len(list(message.iter_parts())) == 2


@pytest.mark.parametrize(
    "name", ["Ada, at Northwind", 'Ada "A" \\ N', "Ada Lovelace-Überström " * 8, "=?utf-8?q?x?="]
)
def test_any_from_name_arrives_unchanged(build, identity, name):
    data = build(identity=replace(identity, from_name=name.strip()))
    # The parser of the old policy: the new policy keeps blanks between encoded words.
    words, address = parseaddr(message_from_bytes(data)["From"])
    assert str(make_header(decode_header(words))) == name.strip()
    assert address == "ada@northwind.example"


def test_web_links_are_tracked_and_other_links_are_unchanged(build, links):
    target = "https://northwind.example/x?a=1&b=ü#top"
    data = build(
        f'<a class="b>c" href="{escape(target)}">1</a> <A HREF=\'http://x.example\'>2</A>'
        "<a href=https://y.example/z>3</a> <a href='mailto:a@b.c'>4</a> <a href=\"#top\">5</a>"
        '<a name="n">6</a> <link href="https://css.example/"> <p title="href=https://t.example">'
    )
    urls = {links.read_click(urlsplit(url).path[3:])[1] for url in hrefs(data) if "/c/" in url}
    assert urls == {target, "http://x.example", "https://y.example/z"}
    kept = html_of(data)
    for untouched in ("href='mailto:a@b.c'", 'href="#top"', '"https://css.example/"'):
        assert untouched in kept


def test_an_unescaped_ampersand_in_a_link_is_decoded_like_in_browsers(build, links):
    data = build('<a href="https://x.example/?a=1&region=eu&currency=eur">1</a>')
    [url] = [url for url in hrefs(data) if "/c/" in url]
    _, target = links.read_click(urlsplit(url).path[3:])
    assert target == "https://x.example/?a=1&region=eu&currency=eur"


def test_white_space_in_a_link_is_encoded_like_in_browsers(build, links):
    data = build('<a href=" https://x.example/?n=Jo Doe ">1</a>')
    [url] = [url for url in hrefs(data) if "/c/" in url]
    assert links.read_click(urlsplit(url).path[3:]) == ("send-1", "https://x.example/?n=Jo%20Doe")


def test_tabs_and_line_ends_in_a_link_vanish_like_in_browsers(build, links):
    data = build('<a href="\n\thttps://x.example/\n\t?a=1&amp;\r\n\tb=2\n">1</a>')
    [url] = [url for url in hrefs(data) if "/c/" in url]
    assert links.read_click(urlsplit(url).path[3:])[1] == "https://x.example/?a=1&b=2"
    assert "https://x.example/?a=1&b=2" in text_of(data)


def test_a_link_without_a_host_is_refused(build):
    with pytest.raises(RenderError, match="activation/welcome: a link is not a web address"):
        build('<a href="https://">1</a>')


def test_the_unsubscribe_link_is_not_tracked_as_a_click(build, identity, links):
    assert hrefs(build()) == [unsubscribe_url(make_send(), identity, links)]


def test_the_open_pixel_ends_the_body(build, links):
    html = html_of(build())
    before, _, after = html.partition(f'<img src="{links.open_pixel("send-1")}"')
    assert after.strip().endswith('alt=""></body></html>')
    assert "</body>" not in before


@pytest.mark.parametrize(
    "leave",
    [
        "",
        "{url}",
        "<!-- <a href='{url}'>leave</a> -->",
        "<!--[if mso]><a href='{url}'>leave</a><![endif]-->",
        "<a href='{url}'> &zwnj;</a>",
        "<a href='{url}'>\U00100000</a>",
        "<a href='{url}' style='font-size:0'>leave</a>",
        "<style>.x{{display:none}}</style><p class=x><a href='{url}'>leave</a></p>",
        "<a href='{url}'><img src='leave.png'></a>",
        "<p title=\"<a href='{url}'>leave</a>\">x</p>",
    ],
)
def test_html_that_shows_no_link_to_unsubscribe_is_refused(identity, links, leave):
    """All ways to hide a link: tests/senders/test_visible.py."""
    url = unsubscribe_url(make_send(), identity, links)
    html = f"<p>{identity.postal_address}</p>" + leave.format(url=url)
    with pytest.raises(RenderError, match="activation/welcome: the HTML shows no link to unsub"):
        build_message(make_send(), read(html, values=[" "]), identity, links, NOW)


def test_one_link_that_is_seen_is_enough(identity, links):
    url = unsubscribe_url(make_send(), identity, links)
    html = f"<p>{identity.postal_address}</p><!--[if mso]><a href='{url}'>x</a><![endif]-->"
    shown = f"<a href='{url}' style='display:none'>x</a><a href='{url}'>\U00100000</a>"
    build_message(make_send(), read(html + shown, values=["leave"]), identity, links, NOW)


def test_html_without_the_postal_address_is_refused(identity, links):
    leave = unsubscribe_url(make_send(), identity, links)
    link = f'<a href="{leave}">leave</a>'
    for shown in ("", "<p title='{}'>x</p>", "<!-- {} -->", "<p hidden>{}</p>"):
        html = shown.format(identity.postal_address) + link
        with pytest.raises(RenderError, match="postal_address"):
            build_message(make_send(), read(html), identity, links, NOW)


def test_a_postal_address_may_be_set_on_several_lines(identity, links):
    leave = unsubscribe_url(make_send(), identity, links)
    lines = identity.postal_address.replace(", ", ",<br>\n<b>") + f"<a href='{leave}'>leave</a>"
    build_message(make_send(), read(lines), identity, links, NOW)


def test_text_without_address_or_unsubscribe_link_gets_them(build, identity, links):
    leave = unsubscribe_url(make_send(), identity, links)
    text = text_of(build(text="Hello\n"))
    assert text.splitlines() == [
        "Hello", "", identity.postal_address, "", f"Unsubscribe: {leave}",
    ]  # fmt: skip
    whole = f"Hello {identity.postal_address.replace(', ', chr(44) + chr(10))} {leave}"
    assert text_of(build(text=whole)).count(leave) == 1
    assert text_of(build(text=whole)).count("12 Harbour Street") == 1


def test_a_unicode_domain_is_written_as_a_labels(build):
    assert parse(build(send=make_send(email="jo@Bücher.example")))["To"] == (
        "jo@xn--bcher-kva.example"
    )


def test_a_unicode_local_part_needs_a_sender_with_smtputf8(build):
    send = make_send(email="jürgen@bücher.example")
    with pytest.raises(AddressError, match="SMTPUTF8"):
        build(send=send)
    data = build(send=send, smtputf8=True)
    assert "To: jürgen@xn--bcher-kva.example\r\n".encode() in data


@pytest.mark.parametrize("email", ["a@b.example\r\nBcc: c@d.example", "a@b.example>\r\n\r\n<p>"])
def test_an_address_cannot_add_headers(build, email):
    with pytest.raises(AddressError):
        build(send=make_send(email=email))


def test_a_header_beyond_the_line_limit_is_refused(build):
    with pytest.raises(RenderError, match=r"Feedback-ID is longer than 998"):
        build(send=make_send(step="s" * 1000))
