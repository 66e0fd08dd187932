# ruff: noqa: E501 - a case of a table is a line
import json
from html.parser import HTMLParser

import pytest

from senders import rendering
from senders.errors import RenderError, TemplateNotFoundError
from senders.message import compose
from senders.model import Identity
from senders.rendering import Templates, template_context
from tests.senders.senders_support import (
    NOW,
    SHARED_DATA,
    WELCOME,
    make_send,
    parse,
    write_templates,
)  # fmt: skip

IDENTITY = Identity("Ada", "ada@n.example", None, "12 Harbour Street", "list.n.example")
FRONT = '---\nsubject: "Hello"\n---\n'


def one(tmp_path, html, *, subject="Hello", context=None, **partials):
    """Render one HTML e-mail."""
    root = write_templates(
        tmp_path / "templates",
        s__one__html=f"---\nsubject: {json.dumps(subject)}\n---\n{html}",
        **partials,
    )
    return Templates(root).render("s/one", context or {})


def test_an_mjml_template_becomes_html_and_text(templates, identity):
    context = template_context(make_send(), identity, "https://go.example/u/x")
    rendered = templates.render("activation/welcome", context)
    assert rendered.subject == "Welcome, Jo"
    assert "<mj-" not in rendered.html
    assert '<a href="https://go.example/u/x">' in rendered.html
    assert "Hello Jo, see the setup (https://app.northwind.example/setup?a=1&b=2)." in rendered.text
    assert "Unsubscribe (https://go.example/u/x)" in rendered.text


def test_css_of_plain_html_is_inlined_and_media_queries_are_kept(tmp_path):
    html = (
        "<html><head><style>p {color: red} @media (max-width: 9px) {p {color: blue}}</style>"
        "</head><body><p>x</p></body></html>"
    )
    rendered = one(tmp_path, html)
    assert 'style="color: red' in rendered.html
    assert "@media" in rendered.html


KEPT = {
    "hover": "<style>a:hover { color : red }</style><a href=x>a</a>",
    "Outlook.com": "<style>\n.ExternalClass {width:100%}\n.ReadMsgBody{width:100%}</style><p>a</p>",
    "dark mode": "<style>[data-ogsc] p { color: #fff !important; }</style><p>a</p>",
    "pseudo-elements": "<style>p::first-line {color:red} p:before{content:'\\\\201C'}</style><p>a</p>",
    "media": "<style>@media (max-width:9px) {p {color:blue !important}}</style><p>a</p>",
    "fonts": "<style>@font-face{font-family:X;src:url('x.woff')} @import url(x.css);</style><p>a</p>",
    "a style for print": "<style media=print>p { color: red }</style><p>a</p>",
    "a style in a comment": "<!--[if mso]><style>p {color:red}</style><![endif]--><p>a</p>",
    "downlevel-revealed": "<![if !mso]><p>a</p><![endif]><!--[if !mso]><!--><p>b</p><!--<![endif]-->",
    "Outlook's own": '<!--[if mso | IE]><v:rect fill="true"><v:fill color=#fff /></v:rect><![endif]-->',
    "a table in two conditions": "<!--[if mso]><table><tr><td><![endif]--><p>a<!--[if mso]></td><![endif]-->",
    "spelling": "<P CLASS='a'  id=b>A&nbsp;&copy; &foo; <BR/><IMG SRC=x alt=''><input disabled></P>",
    "own style": "<p style='MSO-x:1;;color:RED;background:#fff;background:linear-gradient(red,blue)'>a",
    "unclosed": "<ul><li>a<li>b</ul><table><tr><td>x</table>",
    "svg": '<svg viewBox="0 0 1 1"><linearGradient/></svg>',
    "doctype": "<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0 Transitional//EN' 'x'><html><p>a</p></html>",
}  # fmt: skip


@pytest.mark.parametrize("html", KEPT.values(), ids=KEPT)
def test_html_leaves_as_it_was_written(tmp_path, html):
    assert one(tmp_path, html).html == html


def test_rules_are_written_into_the_tags_and_stay_in_the_head(tmp_path):
    head = "<style>p{color:red;margin:0} .x{display:none !important} p:hover{color:blue}</style>"
    rendered = one(
        tmp_path,
        f"{head}<p class=x>a</p><P style='color:green'>b</P><p style='margin:1px !important'>c</p>"
        "<!-- <p>d</p> --><![if mso]><i>e</i><![endif]>",
    )
    assert (
        rendered.html
        == (
            head
            # Important in the tag would win over every rule for small screens.
            + '<p style="color: red;margin: 0;display: none" class=x>a</p>'
            '<P style="margin: 0;color: green">b</P>'
            '<p style="color: red;margin: 1px !important">c</p>'
            "<!-- <p>d</p> --><![if mso]><i>e</i><![endif]>"
        )
    )


NASTY = "\"><a href='https://evil.example/?a=1&amp;b'>x</a> \\ <!-- --> {{ 1 }}\n$1 \u00a0हिन्दी"
PLACES = {
    "double quotes": '<p title="{{ n }}">x</p>',
    "single quotes": "<p title='{{ n }}'>x</p>",
    "alt": '<img alt="{{ n }}" src="a.png">',
    "a class": '<p class="a {{ n }}">x</p>',
    "data": '<p data-x="{{ n }}">x</p>',
    "beside a rule": '<style>p{color:red}</style><p title="{{ n }}">x</p>',
    "through a macro": "{% macro m(t) %}<p title='{{ t }}'>x</p>{% endmacro %}{{ m(n) }}",
    "through a block": "{% set t %}{{ n }}{% endset %}<p title='{{ t }}'>x</p>",
    "through a filter": "<p title=\"{{ n | replace('zzz', '') | trim }}\">x</p>",
    "beside text": '<p title="Hello {{ n }}, you">x</p>',
    "in Outlook's comment": '<!--[if mso]><p title="{{ n }}">x</p><![endif]--><p>x</p>',
}  # fmt: skip


@pytest.mark.parametrize("html", PLACES.values(), ids=PLACES)
def test_a_value_in_an_attribute_stays_in_the_attribute(tmp_path, html):
    rendered = one(tmp_path, html, context={"n": NASTY})
    found = _Attributes(rendered.html.replace("<!--[if mso]>", ""))
    assert "a" not in found.tags
    assert any(value and NASTY.strip() in value for _, value in found.found)
    assert rendered.page.links == ()


@pytest.mark.parametrize(
    "html",
    [
        "<p title={{ n }}>x</p>",
        "<p title=a{{ n }}>x</p>",
        "<p {{ n }}>x</p>",
        "<p {{ n }}='x'>x</p>",
        "<p{{ n }}>x</p>",
        "<p data-{{ n }}='x'>x</p>",
        "<a href=https://x.example/{{ n }}>x</a>",
        "<a href={{ n }}>x</a>",
        "<!--[if mso]><a href={{ n }}><![endif]-->",
        "<img src='a.png'{{ n }}>",
        "{% set t %}{{ n }}{% endset %}<p>{{ t }}</p><p title=\n{{ n }}>x</p>",
    ],
)
def test_a_value_outside_of_quotes_is_refused_with_its_line(tmp_path, html):
    with pytest.raises(
        RenderError, match=r"^templates/s/one\.html:5: a value outside of quotes in <"
    ):
        one(tmp_path, "\n" + html, context={"n": "x"})


def test_a_branch_may_write_an_attribute(tmp_path):
    html = "<p {% if n %}class='x'{% endif %} title=\"{{ 'a' if n else 'b' }}\">x</p>"
    assert one(tmp_path, html, context={"n": "<"}).html == "<p class='x' title=\"a\">x</p>"


def test_values_in_rules_and_styles_count_for_the_layout(tmp_path):
    html = "<style>p{color:{{ c }}}</style><p>a</p><b style='display:{{ d }}'>b</b>"
    rendered = one(tmp_path, html, context={"c": "red", "d": "none"})
    assert '<p style="color: red">a</p>' in rendered.html
    assert rendered.text == "a\n"


def test_a_page_is_compiled_once_for_all_contacts(tmp_path, monkeypatch):
    root = write_templates(tmp_path / "templates", activation__welcome__mjml=WELCOME)
    compiled = []
    monkeypatch.setattr(
        rendering.mjml, "to_html", lambda source: compiled.append(source) or ("<p>x</p>", [])
    )
    templates = Templates(root)
    for name in ("Jo", "", "<b>", "Zoë"):
        send = make_send(personalization={"first_name": name})
        context = template_context(send, IDENTITY, f"https://go.example/u/{name}")
        templates.render("activation/welcome", context)
    assert len(compiled) == 1


def test_a_reserved_character_in_a_template_is_refused(tmp_path):
    with pytest.raises(RenderError, match=r"one\.html:5: the character U\+100000 is reserved"):
        one(tmp_path, "a\n\U00100000")


def test_a_missing_partial_in_another_branch_does_not_matter(tmp_path):
    assert one(tmp_path, "{% if 0 %}{% include '_gone.html' %}{% endif %}<p>x</p>").text == "x\n"


def test_markup_in_a_name_is_escaped(tmp_path):
    context = {"contact": {"first_name": "<script>alert(1)</script> & Co"}}
    rendered = one(
        tmp_path,
        '<p title="{{ contact.first_name }}">{{ contact.first_name }}</p>',
        subject="Hi {{ contact.first_name }}",
        context=context,
    )
    assert "<script>" not in rendered.html
    assert "&lt;script&gt;alert(1)" in rendered.html
    assert rendered.subject == "Hi <script>alert(1)</script> & Co"
    assert "<script>alert(1)</script> & Co" in rendered.text


def test_template_code_in_a_name_is_not_run(tmp_path):
    rendered = one(tmp_path, "<p>{{ n }}</p>", subject="{{ n }}", context={"n": "{{ 7 * 7 }}"})
    assert rendered.subject == "{{ 7 * 7 }}"
    assert "49" not in rendered.html


@pytest.mark.parametrize("name", ["Jo\r\nBcc: all@example.org", "Jo\nX: y", "Jo\x0bX", "Jo\u2028X"])
def test_a_line_break_in_a_name_cannot_leave_the_subject(tmp_path, name):
    rendered = one(tmp_path, "<p>x</p>", subject="Hi {{ n }}!", context={"n": name})
    assert len(rendered.subject.splitlines()) == 1
    assert rendered.subject.startswith("Hi Jo")
    assert rendered.subject.endswith("!")


@pytest.mark.parametrize(
    "code",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ contact.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ contact.clear() }}",
        "{{ contact.update(a=1) }}",
        "{{ range(10 ** 9) | list }}",
        "{{ ''.format_map.__self__.__class__ }}",
        "{{ '{0.__class__}'.format(contact) }}",
    ],
)
def test_the_sandbox_blocks_access_to_python(tmp_path, code):
    contact = {"first_name": "Jo"}
    with pytest.raises(RenderError, match=r"templates/s/one\.html:4: "):
        one(tmp_path, code, context={"contact": contact})
    assert contact == {"first_name": "Jo"}


def test_an_undefined_name_is_reported_with_file_and_line(tmp_path):
    with pytest.raises(RenderError, match=r"templates/s/one\.html:6: .*'fist_name'"):
        one(tmp_path, "<p>\n\n{{ contact.fist_name }}</p>", context={"contact": {}})


def test_an_undefined_name_in_the_subject_is_reported_with_its_line(tmp_path):
    with pytest.raises(RenderError, match=r"templates/s/one\.html:2: 'nobody' is undefined"):
        one(tmp_path, "<p>x</p>", subject="Hi {{ nobody }}")


def test_an_error_in_a_partial_names_the_partial(tmp_path):
    with pytest.raises(RenderError, match=r"templates/_foot\.html:2: 'gone' is undefined"):
        one(tmp_path, '{% include "_foot.html" %}', _foot__html="<p>\n{{ gone }}</p>")


def test_a_null_value_is_refused_instead_of_printed_as_none(tmp_path):
    with pytest.raises(RenderError, match=r"one\.html:4: .*null.*fallback"):
        one(tmp_path, "<p>Hi {{ n }}</p>", context={"n": None})
    rendered = one(tmp_path, "<p>Hi {{ n or 'there' }}</p>", context={"n": None})
    assert "Hi there" in rendered.text


def test_a_failing_expression_is_a_render_error_without_the_contacts_data(tmp_path):
    with pytest.raises(RenderError, match=r"one\.html:4: ValueError in an expression") as caught:
        one(tmp_path, "{{ '%d' | format(n) if 0 else n.index('?') }}", context={"n": "secret"})
    assert "secret" not in str(caught.value)


def test_a_syntax_error_names_file_and_line(tmp_path):
    with pytest.raises(RenderError, match=r"templates/s/one\.html:5: "):
        one(tmp_path, "<p>\n{% if x %}</p>")


def test_an_empty_subject_is_refused(tmp_path):
    with pytest.raises(RenderError, match="subject is empty"):
        one(tmp_path, "<p>x</p>", subject="{{ n }}", context={"n": " \n "})


@pytest.mark.parametrize(
    ("body", "place", "problem"),
    [
        ("<mj-buton>x</mj-buton>", "s/one.mjml:5", "<mj-buton>.*doesn't exist"),
        ("<mj-column>x</mj-column>", "s/one.mjml:5", "<mj-column>.*cannot be used inside"),
        ("<mj-include path='/etc/hostname'/>", "s/one.mjml:5", "include"),
        ('{% include "_part.mjml" %}', "_part.mjml:2", "<mj-txt>.*doesn't exist"),
        ("<mj-text title={{ n }}>x</mj-text>", "s/one.mjml:5", "outside of quotes in <mj-text>"),
        ("<mj-text><p {{ n }}>x</p></mj-text>", "s/one.mjml:5", "outside of quotes in <p>"),
        ('<mj-text>\n<a title="x>a</a></mj-text>', "s/one.mjml:6", "<a> is not closed"),
    ],
)
def test_mjml_that_loses_something_is_refused_with_file_and_line(tmp_path, body, place, problem):
    root = write_templates(
        tmp_path / "templates",
        s__one__mjml=f"{FRONT}{{% extends '_layout.mjml' %}}{{% block content %}}\n{body}\n"
        "{% endblock %}",
        _layout__mjml="<mjml>\n<mj-body><mj-section><mj-column>\n{% block content %}{% endblock %}"
        "</mj-column></mj-section></mj-body></mjml>",
        _part__mjml="\n<mj-txt>x</mj-txt>",
    )
    with pytest.raises(RenderError, match=rf"^templates/{place}: .*{problem}"):
        Templates(root).render("s/one", {"n": "x"})


def test_what_is_no_mjml_is_refused(tmp_path):
    root = write_templates(tmp_path / "templates", s__one__mjml=FRONT + "<p>x</p>")
    with pytest.raises(RenderError, match=r"s/one\.mjml: MJML: Malformed.*<mjml>"):
        Templates(root).render("s/one", {})


def test_an_attribute_that_mjml_leaves_out_is_a_remark_with_its_line(tmp_path):
    root = write_templates(
        tmp_path / "templates",
        s__one__mjml=FRONT + "<mjml><mj-body><mj-section><mj-column>\n"
        '<mj-text colour="red">x</mj-text></mj-column></mj-section></mj-body></mjml>',
    )
    templates = Templates(root)
    [(line, message)] = templates.render("s/one", {}).remarks
    assert "colour" in message
    assert templates.places("s/one", {}).of_line(line) == "templates/s/one.mjml:5"


class _Attributes(HTMLParser):
    """Collects the attributes of all tags, character references resolved."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.tags = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found += attrs
        self.tags.append(tag)


def test_attribute_values_in_mjml_arrive_unchanged(tmp_path):
    discount = '20\u00a0% हिन्दी \U0001f469\u200d\U0001f467 "now" <b>'
    root = write_templates(
        tmp_path / "templates",
        s__one__mjml=FRONT + "<mjml><mj-body><mj-section><mj-column>"
        '<mj-image src="https://x.example/a.png?a=1&amp;b=2" alt="{{ discount }}" />'
        '<mj-text><p style="color: red;\n\tmargin: 0" title="C:\\new">a "quote" \\ है</p></mj-text>'
        "<mj-raw><p title='They say \"no\"'>x</p></mj-raw>"
        "</mj-column></mj-section></mj-body></mjml>",
    )
    rendered = Templates(root).render("s/one", {"discount": discount})
    attributes = _Attributes(rendered.html).found
    assert ("alt", discount) in attributes
    assert ("src", "https://x.example/a.png?a=1&b=2") in attributes
    assert ("style", "color: red;\n\tmargin: 0") in attributes
    assert ("title", "C:\\new") in attributes
    assert ("title", 'They say "no"') in attributes
    assert "\\u{" not in rendered.html
    assert 'a "quote" \\ है' in rendered.html


def test_mjml_loads_no_font_from_a_third_party(templates, identity):
    context = template_context(make_send(), identity, "https://go.example/u/x")
    assert "fonts.googleapis" not in templates.render("activation/welcome", context).html


def test_the_preheader_is_hidden_at_the_top_of_the_html(tmp_path):
    root = write_templates(
        tmp_path / "templates",
        s__one__html="---\nsubject: S\npreheader: 'For {{ n }}'\n---\n"
        "<body class=x><p>x</p></body>",
    )
    rendered = Templates(root).render("s/one", {"n": "<Jo>"})
    assert rendered.preheader == "For <Jo>"
    before, hidden, _ = rendered.html.partition("For &lt;Jo&gt;</div>")
    assert hidden
    assert before.rpartition("<body")[2].count("<") == 1
    assert "For" not in rendered.text


def test_an_mjml_preview_is_not_doubled(tmp_path):
    mjml = (
        "---\nsubject: S\npreheader: Mine\n---\n<mjml><mj-head><mj-preview>Theirs</mj-preview>"
        "</mj-head><mj-body></mj-body></mjml>"
    )
    root = write_templates(tmp_path / "templates", s__one__mjml=mjml)
    html = Templates(root).render("s/one", {}).html
    assert "Theirs" in html
    assert "Mine" not in html


@pytest.mark.parametrize(
    "name", ["s/none", "../secret", "/etc/passwd", "_layout", "s/../s/one", ""]
)
def test_a_name_that_is_not_a_template_is_not_found(tmp_path, name):
    root = write_templates(tmp_path / "templates", s__one__html=FRONT, _layout__html="x")
    write_templates(tmp_path, secret__html=FRONT)
    with pytest.raises(TemplateNotFoundError):
        Templates(root).render(name, {})


def test_an_email_with_two_files_is_refused(tmp_path):
    root = write_templates(tmp_path / "templates", s__one__html=FRONT, s__one__mjml=FRONT)
    with pytest.raises(RenderError, match=r"as \.mjml and as \.html"):
        Templates(root).render("s/one", {})


def test_names_lists_emails_and_not_partials(tmp_path):
    root = write_templates(
        tmp_path / "templates",
        b__two__mjml="",
        a__one__html="",
        _layout__mjml="",
        a___part__html="",
        _parts__x__html="",
        a__notes__txt="",
    )
    (root / "a" / "_part.html").write_text("")
    assert Templates(root).names() == ["a/one", "b/two"]


def test_variables_come_from_subject_body_and_partials(tmp_path):
    root = write_templates(
        tmp_path / "templates",
        s__one__html='---\nsubject: "{{ a }}"\npreheader: "{{ b }}"\n---\n'
        '{% extends "_layout.html" %}{% block x %}{{ c.d }}'
        "{% for i in range(3) %}{{ i }}{% endfor %}"
        '{% include "_part.html" %}{% endblock %}',
        _layout__html="{{ e }}{% block x %}{% endblock %}",
        _part__html="{{ f }}",
    )
    assert Templates(root).variables("s/one") == {"a", "b", "c", "e", "f"}


@pytest.mark.shared_data
def test_unusual_names_arrive_unchanged(tmp_path, templates, identity, links):
    path = SHARED_DATA / "nasty" / "strings" / "blns.json"
    if not path.is_file():
        pytest.skip("shared data: nasty/strings is not here")
    names = json.loads(path.read_text(encoding="utf-8"))
    assert len(names) > 400
    for name in names:
        send = make_send(personalization={"first_name": name})
        message = parse(compose(send, templates, identity, links, NOW))
        # White space is layout, control characters are not text; all other characters survive.
        shown = "".join(c for c in name if c in "\t\n\r" or not (ord(c) < 32 or ord(c) == 127))
        expected = " ".join(f"Welcome, {shown}".split())
        assert " ".join(str(message["Subject"]).split()) == expected
        text = message.get_body(("plain",)).get_content()
        assert "".join(f"Hello {shown}, see".split()) in "".join(text.split())
        assert len(message.get_all("Subject")) == 1
        assert message["Bcc"] is None


def test_tags_that_are_nested_too_deeply_are_refused(tmp_path):
    with pytest.raises(RenderError, match=r"one\.html: tags are nested too deeply"):
        one(tmp_path, "<div>" * 3000 + "x")
