import json
from html.parser import HTMLParser

import pytest

from senders.errors import RenderError, TemplateNotFoundError
from senders.message import compose
from senders.rendering import Templates, template_context
from tests.senders.senders_support import NOW, SHARED_DATA, make_send, parse, write_templates

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


def test_markup_in_a_name_is_escaped(tmp_path):
    context = {"contact": {"first_name": "<script>alert(1)</script> & Co"}}
    rendered = one(
        tmp_path,
        '<p title="{{ contact.first_name }}">{{ contact.first_name }}</p>',
        subject="Hi {{ contact.first_name }}",
        context=context,
    )
    # In an attribute "<" is harmless, and css-inline writes it unescaped; a tag would be harmful.
    assert "<script>" not in rendered.html.replace('title="<script>', "")
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


def test_broken_mjml_is_refused(tmp_path):
    root = write_templates(
        tmp_path / "templates",
        s__open__mjml=FRONT + "<mjml><mj-body><mj-section></mj-body></mjml>",
        s__unknown__mjml=FRONT + "<mjml><mj-body><mj-section><mj-column><mj-buton>x</mj-buton>"
        "</mj-column></mj-section></mj-body></mjml>",
        s__file__mjml=FRONT + "<mjml><mj-body><mj-include path='/etc/hostname'/></mj-body></mjml>",
    )
    templates = Templates(root)
    with pytest.raises(RenderError, match=r"s/open\.mjml: MJML: "):
        templates.render("s/open", {})
    with pytest.raises(RenderError, match=r"s/unknown\.mjml: MJML: .*<mj-buton>"):
        templates.render("s/unknown", {})
    with pytest.raises(RenderError, match=r"s/file\.mjml: MJML: .*include"):
        templates.render("s/file", {})


class _Attributes(HTMLParser):
    """Collects the attributes of all tags, character references resolved."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found += attrs


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
    assert "\\n" not in rendered.html
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
