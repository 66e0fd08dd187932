# ruff: noqa: E501 - a case of a table is a line
import pytest

from senders import targets


@pytest.mark.parametrize(
    ("written", "followed", "scheme", "host"),
    [
        (" https://x.example/?n=Jo Doe\t\n", "https://x.example/?n=Jo%20Doe", "https", "x.example"),
        ("https://x.example/a\n\tb", "https://x.example/ab", "https", "x.example"),
        ("https:x.example/a", "https://x.example/a", "https", "x.example"),
        ("https:/\\x.example\\a?b\\c", "https://x.example/a?b\\c", "https", "x.example"),
        ("HTTP://X.Example:8080/A", "HTTP://X.Example:8080/A", "http", "x.example"),
        ("https://good.example\\@evil.example", "https://good.example/@evil.example", "https", "good.example"),
        ("https://good.example@evil.example/", "https://good.example@evil.example/", "https", "evil.example"),
        ("https://Bücher.example./", "https://Bücher.example./", "https", "xn--bcher-kva.example"),
        ("https://", "https://", "https", None),
        ("https://?x", "https://?x", "https", None),
        ("java\tscri\npt:alert(1)", "javascript:alert(1)", "javascript", None),
        ("\x01 JavaScript:alert(1)", "JavaScript:alert(1)", "javascript", None),
        ("mailto:a@b.example", "mailto:a@b.example", "mailto", None),
        ("//x.example", "//x.example", None, None),
        ("#top", "#top", None, None),
        ("a/b:c", "a/b:c", None, None),
        ("", "", None, None),
    ],
)  # fmt: skip
def test_an_address_is_read_like_in_a_browser(written, followed, scheme, host):
    url = targets.as_followed(written)
    assert (url, targets.scheme_of(url), targets.host_of(url)) == (followed, scheme, host)
    assert targets.as_followed(url) == url


def test_the_hosts_that_a_template_names():
    source = (
        "{% set base = 'https://App.example:8443/x' %}<a href=https://y.example>"
        '<a href="https:\\\\z.example">https://www.{{ x }} (http://u:p@v.example)'
    )
    assert targets.hosts_in(source) == {"app.example", "y.example", "z.example", "v.example", "www"}


@pytest.mark.parametrize(
    ("host", "is_listed"),
    [
        ("x.example", True),
        ("a.x.example", False),
        ("a.y.example", True),
        ("b.a.y.example", True),
        ("y.example", False),
        ("evily.example", False),
        ("y.example.evil.example", False),
        ("xn--bcher-kva.example", True),
    ],
)
def test_a_list_of_hosts(host, is_listed):
    listed = frozenset(map(targets.as_listed, ["X.example", "*.y.example", "bücher.example"]))
    assert targets.is_listed(host, listed) is is_listed


@pytest.mark.parametrize("text", ["", "*", "*.", "https://x.example", "a b", "x.*.example", "x/y"])
def test_what_is_no_host_of_a_list(text):
    assert targets.as_listed(text) is None


@pytest.mark.parametrize(
    ("value", "is_encoded"),
    [
        ("", True), ("abc-1_2.~", True), ("a%20b%C3%BC", True), ("a/b", True), ("2026-03-02", True),
        ("a b", False), ("a&b", False), ("a=b", False), ("a#b", False), ("a?b", False),
        ("a+b", False), ("100%", False), ("ü", False), ('"', False), ("a\nb", False),
    ],
)  # fmt: skip
def test_a_value_that_can_stand_in_a_link(value, is_encoded):
    assert targets.is_encoded(value) is is_encoded
