from base64 import urlsafe_b64decode
from urllib.parse import urlsplit

import pytest

from senders.links import BadTokenError, Links, Unsubscribe

LINKS = Links(base_url="https://go.northwind.example", key="a key for tests")
URL = "https://northwind.example/größe?a=1&b=%20#top"


def token(link: str) -> str:
    return urlsplit(link).path.rsplit("/", 1)[1].removesuffix(".gif")


def every_token() -> dict[str, str]:
    return {
        "open": token(LINKS.open_pixel("send-1")),
        "click": token(LINKS.click("send-1", URL)),
        "unsubscribe": token(LINKS.unsubscribe("send-1", "ada@example.org", "trial")),
    }


READERS = {
    "open": Links.read_open,
    "click": Links.read_click,
    "unsubscribe": Links.read_unsubscribe,
}


def test_an_open_pixel_is_a_gif_with_its_send_id():
    link = LINKS.open_pixel("send-1")
    assert link.startswith("https://go.northwind.example/o/")
    assert link.endswith(".gif")
    assert LINKS.read_open(token(link)) == "send-1"


def test_a_click_token_holds_its_send_id_and_the_exact_url():
    link = LINKS.click("send-1", URL)
    assert link.startswith("https://go.northwind.example/c/")
    assert LINKS.read_click(token(link)) == ("send-1", URL)


def test_an_unsubscribe_token_holds_send_id_address_hash_and_list():
    link = LINKS.unsubscribe("send-1", "ada@example.org", "trial")
    assert link.startswith("https://go.northwind.example/u/")
    assert LINKS.read_unsubscribe(token(link)) == Unsubscribe(
        "send-1", LINKS.address_hash("ada@example.org"), "trial"
    )


def test_an_unsubscribe_link_does_not_show_the_address():
    spelled = token(LINKS.unsubscribe("send-1", "ada@example.org", "trial"))
    assert b"ada" not in urlsafe_b64decode(spelled + "==")
    assert b"example" not in urlsafe_b64decode(spelled + "==")


def test_an_address_hash_depends_on_the_key_and_not_on_case():
    assert LINKS.address_hash("Ada@Example.org ") == LINKS.address_hash("ada@example.org")
    assert LINKS.address_hash("ada@example.org") != LINKS.address_hash("bob@example.org")
    other = Links(LINKS.base_url, "another key")
    assert other.address_hash("ada@example.org") != LINKS.address_hash("ada@example.org")


def test_links_are_the_same_every_time():
    assert LINKS.click("send-1", URL) == Links(LINKS.base_url, "a key for tests").click(
        "send-1", URL
    )


@pytest.mark.parametrize("made_as", READERS)
@pytest.mark.parametrize("read_as", READERS)
def test_a_token_of_one_kind_is_not_a_token_of_another(made_as: str, read_as: str):
    made = every_token()[made_as]
    if made_as == read_as:
        READERS[read_as](LINKS, made)
    else:
        with pytest.raises(BadTokenError):
            READERS[read_as](LINKS, made)


@pytest.mark.parametrize("kind", READERS)
def test_a_token_changed_anywhere_is_refused(kind: str):
    good = every_token()[kind]
    for position, character in enumerate(good):
        changed = good[:position] + ("A" if character != "A" else "B") + good[position + 1 :]
        with pytest.raises(BadTokenError):
            READERS[kind](LINKS, changed)


@pytest.mark.parametrize("kind", READERS)
def test_a_token_of_another_key_is_refused(kind: str):
    with pytest.raises(BadTokenError):
        READERS[kind](Links(LINKS.base_url, "another key"), every_token()[kind])


@pytest.mark.parametrize("garbage", ["", "A", "AAAA", "ä", "not base64!", "=" * 30, "\0", "A" * 43])
@pytest.mark.parametrize("kind", READERS)
def test_garbage_raises_only_bad_token(kind: str, garbage: str):
    with pytest.raises(BadTokenError):
        READERS[kind](LINKS, garbage)


@pytest.mark.parametrize("spelling", ["{}=", "{}==", "{}!", "\n{}", "{}\n", "{}."])
def test_a_token_has_exactly_one_spelling(spelling: str):
    with pytest.raises(BadTokenError):
        LINKS.read_open(spelling.format(every_token()["open"]))


def test_a_slash_or_folder_at_the_end_of_the_base_url_is_joined_correctly():
    links = Links("https://northwind.example/mail/", "k")
    assert links.open_pixel("s").startswith("https://northwind.example/mail/o/")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "mailto:a@b.example", "/pricing", "", "https://a.b/\r\nX: y"]
)
def test_only_web_addresses_can_be_tracked(url: str):
    with pytest.raises(ValueError, match="a tracked link must be http"):
        LINKS.click("send-1", url)


@pytest.mark.parametrize("send_id", ["", "a\0b"])
def test_a_send_id_that_contains_the_separator_is_refused(send_id: str):
    with pytest.raises(ValueError, match="NUL"):
        LINKS.open_pixel(send_id)


@pytest.mark.parametrize(
    ("base_url", "key"), [("northwind.example", "k"), ("https://n.example", "")]
)
def test_a_missing_key_or_scheme_is_refused_at_once(base_url: str, key: str):
    with pytest.raises(ValueError, match="link"):
        Links(base_url, key)


def test_the_key_is_not_shown():
    assert "a key for tests" not in repr(LINKS)
