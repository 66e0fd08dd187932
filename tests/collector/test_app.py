import html
import http.client
import json
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.collector.running import LINKS, TOKEN, RunningCollector

URL = "https://northwind.example/größe;v=1?a=1&b=%20|~#top"
FORM = "application/x-www-form-urlencoded"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
BEARER = {"authorization": f"Bearer {TOKEN}"}
SECURITY = {
    "cache-control",
    "content-security-policy",
    "referrer-policy",
    "x-content-type-options",
    "x-robots-tag",
}
EVENT = {
    "contact_key": "ada@example.org",
    "name": "signed_up",
    "occurred_at": "2026-03-01T09:30:00Z",
}


@pytest.fixture(scope="module")
def posted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCollector]:
    """One collector for tests that look for rows of their own."""
    running = RunningCollector(tmp_path_factory.mktemp("posted") / "landing").start()
    yield running
    running.end()
    assert "Traceback" not in running.log()


def path(link: str) -> str:
    return urlsplit(link).path


def unsubscribe_path(list_name: str = "trial") -> str:
    return path(LINKS.unsubscribe("send-1", "ada@example.org", list_name))


def test_an_open_is_answered_with_a_pixel_and_stored(collector: RunningCollector):
    before = datetime.now(UTC)
    answer = collector.client.get(
        path(LINKS.open_pixel("send-1")), headers={"user-agent": "Thunderbird/1.0"}
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/gif"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(b"GIF89a\x01\x00\x01\x00")
    (row,) = collector.all_rows("tracking")
    assert (row["send_id"], row["type"], row["provider"]) == ("send-1", "opened", "collector")
    assert row["detail"] == {
        "user_agent": "Thunderbird/1.0",
        "ip": "127.0.0.1",
        "method": "GET",
    }
    occurred_at = datetime.fromisoformat(row["occurred_at"])
    assert before <= occurred_at <= before + timedelta(seconds=30)
    assert occurred_at.utcoffset() == timedelta(0)


def test_a_click_redirects_to_exactly_the_signed_url_and_is_stored(collector: RunningCollector):
    answer = collector.client.get(path(LINKS.click("send-1", URL)))
    assert answer.status_code == 302
    assert answer.headers["location"] == (
        "https://northwind.example/gr%C3%B6%C3%9Fe;v=1?a=1&b=%20|~#top"
    )
    (row,) = collector.all_rows("tracking")
    assert (row["send_id"], row["type"], row["detail"]["url"]) == ("send-1", "clicked", URL)


def test_a_head_request_is_redirected_and_stored_with_its_method(collector: RunningCollector):
    answer = collector.client.head(path(LINKS.click("send-1", URL)))
    assert answer.status_code == 302
    (row,) = collector.all_rows("tracking")
    assert (row["type"], row["detail"]["method"]) == ("clicked", "HEAD")


def test_every_request_gets_its_own_event_id(collector: RunningCollector):
    for _ in range(3):
        collector.client.get(path(LINKS.open_pixel("send-1")))
    assert len({row["event_id"] for row in collector.all_rows("tracking")}) == 3


def test_a_get_or_head_of_the_unsubscribe_page_does_not_unsubscribe(collector: RunningCollector):
    assert collector.client.get(unsubscribe_path()).status_code == 200
    assert collector.client.head(unsubscribe_path()).status_code == 200
    assert collector.all_rows("tracking") == []


def test_the_button_on_the_page_unsubscribes(collector: RunningCollector):
    page = collector.client.get(unsubscribe_path()).text
    form = re.search(r'<form method="post">(.*?)</form>', page, re.DOTALL)
    assert form is not None
    fields = dict(re.findall(r'name="(\w+)" value="(\w+)"', form[1]))
    answer = collector.client.post(unsubscribe_path(), data=fields)
    assert answer.status_code == 200
    assert "You are unsubscribed" in answer.text
    (row,) = collector.all_rows("tracking")
    assert row["detail"]["via"] == "page"


MULTIPART = "multipart/form-data; boundary=b"
PART = (
    b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
)
# A POST request to a signed link has no other meaning, whatever its body says.
BODIES: dict[str, tuple[str | None, bytes]] = {
    "as in RFC 8058": (FORM, b"List-Unsubscribe=One-Click"),
    "with a line end": (FORM, b"List-Unsubscribe=One-Click\r\n"),
    "in upper case": (FORM, b"LIST-UNSUBSCRIBE=ONE-CLICK"),
    "in lower case": (FORM, b"list-unsubscribe=one-click"),
    "without a content type": (None, b"List-Unsubscribe=One-Click"),
    "as text": ("text/plain", b"List-Unsubscribe=One-Click"),
    "as JSON": ("application/json", b'{"List-Unsubscribe": "One-Click"}'),
    "as bytes": ("application/octet-stream", b"List-Unsubscribe=One-Click"),
    "with a charset": (f"{FORM}; charset=UTF-8", b"List-Unsubscribe=One-Click"),
    "with an unknown charset": (f"{FORM}; charset=klingon", b"List-Unsubscribe=One-Click"),
    "with an invalid content type": ("form", b"List-Unsubscribe=One-Click"),
    "escaped": (FORM, b"List%2DUnsubscribe=One%2dClick"),
    "with blanks": (FORM, b" List-Unsubscribe = One-Click "),
    "with a colon": (FORM, b"List-Unsubscribe: One-Click"),
    "quoted": (FORM, b'List-Unsubscribe="One-Click"'),
    "with other fields": (FORM, b"a=1&List-Unsubscribe=One-Click&b=2"),
    "with many fields": (FORM, b"&".join(b"f%d=1" % n for n in range(2000))),
    "with a byte order mark": (FORM, b"\xef\xbb\xbfList-Unsubscribe=One-Click"),
    "in UTF-16": (FORM, "List-Unsubscribe=One-Click".encode("utf-16")),
    "in parts": (MULTIPART, PART),
    "in parts with a file": (MULTIPART, PART.replace(b'"\r\n', b'"; filename="f"\r\n')),
    "in parts without a boundary": ("multipart/form-data", PART),
    "in parts without an end": (MULTIPART, PART[:-6]),
    "empty": (FORM, b""),
    "empty without a content type": (None, b""),
    "with another value": (FORM, b"List-Unsubscribe=no"),
    "with another field": (FORM, b"other=One-Click"),
    "too large": (FORM, b"x" * 1_200_000),
}


@pytest.mark.parametrize(("kind", "body"), BODIES.values(), ids=BODIES)
def test_a_post_to_a_signed_link_unsubscribes_whatever_its_body(
    posted: RunningCollector, kind: str | None, body: bytes
):
    send_id = f"send {kind} {len(body)} {body[:40]!r}"
    link = path(LINKS.unsubscribe(send_id, "ada@example.org", "trial"))
    # No cookies and no redirects, as mail providers send it.
    request = httpx.Request(
        "POST",
        f"http://127.0.0.1:{posted.port}{link}",
        content=body,
        headers={"content-type": kind} if kind else {},
    )
    with httpx.Client() as client:
        try:
            answer = client.send(request)
        except httpx.TransportError:
            assert len(body) > 1_000_000  # the connection may close before the body is sent
        else:
            assert answer.status_code == 200
            assert "set-cookie" not in answer.headers
    [row] = posted.wait_for("tracking", send_id)
    assert (row["type"], row["detail"]["list"]) == ("unsubscribed", "trial")
    assert row["detail"]["via"] == "one_click"
    assert row["detail"]["address_hash"] == LINKS.address_hash("ada@example.org")


@pytest.mark.parametrize("sent", [b"", b"List-Unsub"])
def test_a_post_whose_body_breaks_off_unsubscribes(collector: RunningCollector, sent: bytes):
    head = f"POST {unsubscribe_path()} HTTP/1.1\r\nHost: x\r\nContent-Length: 26\r\n\r\n"
    with socket.create_connection(("127.0.0.1", collector.port)) as connection:
        connection.sendall(head.encode() + sent)
    [row] = collector.wait_for_rows("tracking", 1)
    assert row["type"] == "unsubscribed"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("query", ["", "?List-Unsubscribe=One-Click"])
def test_no_other_method_unsubscribes(posted: RunningCollector, method: str, query: str):
    link = path(LINKS.unsubscribe(f"by {method} {query}", "ada@example.org", "trial"))
    answer = posted.client.request(method, link + query, content=b"List-Unsubscribe=One-Click")
    assert answer.status_code == (200 if method in ("GET", "HEAD") else 405)
    posted.client.get(path(LINKS.open_pixel("later")))
    posted.wait_for("tracking", "later")
    assert not any(row["send_id"].startswith("by ") for row in posted.landed("tracking"))


def test_a_repeated_unsubscribe_gets_the_same_answer(collector: RunningCollector):
    answers = [collector.client.post(unsubscribe_path(), data=ONE_CLICK) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].text == answers[1].text
    rows = collector.all_rows("tracking")
    assert [(row["send_id"], row["type"]) for row in rows] == [("send-1", "unsubscribed")] * 2


def test_a_list_name_is_escaped_in_the_page(shared: RunningCollector):
    name = "<script>alert('x')</script>"
    page = shared.client.get(unsubscribe_path(name)).text
    assert name not in page
    assert name in html.unescape(page)


def test_a_changed_or_foreign_token_is_not_found_and_stores_nothing(
    collector: RunningCollector,
):
    click, pixel = path(LINKS.click("send-1", URL)), path(LINKS.open_pixel("send-1"))
    unsubscribe = unsubscribe_path()
    wrong = [
        click[:-1] + ("A" if click[-1] != "A" else "B"),
        pixel.replace(".gif", "A.gif"),
        unsubscribe.replace("/u/", "/c/"),
        click.replace("/c/", "/u/"),
        "/c/x",
        "/u/%00",
        "/o/.gif",
    ]
    for address in wrong:
        answer = collector.client.get(address)
        assert answer.status_code == 404, address
        assert "location" not in answer.headers
    changed = unsubscribe[:-1] + ("A" if unsubscribe[-1] != "A" else "B")
    assert collector.client.post(changed, data=ONE_CLICK).status_code == 404
    assert collector.all_rows("tracking") == []


def test_every_answer_carries_the_security_headers(shared: RunningCollector):
    answers = {
        200: shared.client.get(unsubscribe_path()),
        302: shared.client.get(path(LINKS.click("send-1", URL))),
        307: shared.client.get(unsubscribe_path() + "/"),
        400: shared.client.post("/events", content=b"{", headers=BEARER),
        401: shared.client.post("/events", content=b"[]"),
        404: shared.client.get("/nowhere"),
        405: shared.client.put("/events"),
        413: raw(shared, b"POST /events HTTP/1.1", b"content-length: 2000000", b"", b"x" * 1100000),
        422: shared.client.post("/events", json={}, headers=BEARER),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers.keys() >= SECURITY, status
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy


def raw(running: RunningCollector, *lines: bytes) -> httpx.Response:
    """Send a request line, headers and a part of the body; return the answer."""
    first, *more = lines
    head = [first, b"host: x", f"authorization: {BEARER['authorization']}".encode(), *more]
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
        connection.sendall(b"\r\n".join(head))
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return httpx.Response(answer.status, headers=answer.getheaders())


def test_the_client_address_is_taken_from_a_trusted_proxy(collector: RunningCollector):
    collector.client.get(
        path(LINKS.open_pixel("send-1")), headers={"x-forwarded-for": "203.0.113.9"}
    )
    (row,) = collector.all_rows("tracking")
    assert row["detail"]["ip"] == "203.0.113.9"


def test_events_are_stored_before_the_answer(collector: RunningCollector):
    answer = collector.client.post(
        "/events", json=[EVENT, EVENT | {"event_id": "e-2"}], headers=BEARER
    )
    assert answer.status_code == 200
    assert answer.json() == {"accepted": 2, "rejected": []}
    first, second = collector.all_rows("events")
    assert second == {
        "event_id": "e-2",
        "contact_key": "ada@example.org",
        "name": "signed_up",
        "occurred_at": "2026-03-01T09:30:00+00:00",
        "properties": {},
    }
    assert first["event_id"] not in ("", "e-2")


def test_an_invalid_event_is_reported_and_the_valid_events_are_stored(collector: RunningCollector):
    answer = collector.client.post(
        "/events", json=[EVENT, {"name": "signed_up"}, EVENT], headers=BEARER
    )
    assert answer.status_code == 207
    assert answer.json()["accepted"] == 2
    (rejected,) = answer.json()["rejected"]
    assert rejected["index"] == 1
    assert "contact_key: Field required" in rejected["errors"]
    assert len(collector.all_rows("events")) == 2


def test_a_body_with_only_invalid_events_is_unprocessable(shared: RunningCollector):
    answer = shared.client.post("/events", json={"name": ""}, headers=BEARER)
    assert answer.status_code == 422
    assert answer.json()["accepted"] == 0


def test_a_body_that_is_not_json_is_a_bad_request(shared: RunningCollector):
    answer = shared.client.post("/events", content=b"{", headers=BEARER)
    assert answer.status_code == 400
    assert "not JSON" in answer.text


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {TOKEN}"}],
)
def test_events_without_the_token_are_refused(collector: RunningCollector, headers: dict[str, str]):
    answer = collector.client.post("/events", json=EVENT, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert collector.all_rows("events") == []


@pytest.mark.parametrize("given", ["Bearer", f"Bearer {TOKEN}"])
def test_events_are_refused_when_no_token_is_configured(tmp_path: Path, given: str):
    running = RunningCollector(tmp_path / "landing", token="").start()
    answer = running.client.post("/events", json=EVENT, headers={"authorization": given})
    assert answer.status_code == 503
    assert "SENDHOUSE_COLLECTOR_TOKEN" in answer.text
    assert running.all_rows("events") == []


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused(collector: RunningCollector, chunked: bool):
    whole = json.dumps(EVENT).encode() + b" " * 1_100_000
    within, over = whole[:1_000_000], whole
    too_long = iter([over[:600_000], over[600_000:]]) if chunked else over
    assert collector.client.post("/events", content=within, headers=BEARER).status_code == 200
    try:
        answer = collector.client.post("/events", content=too_long, headers=BEARER)
    except httpx.TransportError:
        pass  # the connection may close before the client reads the answer
    else:
        assert answer.status_code == 413
        assert answer.headers.keys() >= SECURITY
    assert len(collector.all_rows("events")) == 1


def test_a_failing_disk_breaks_no_click_and_is_reported_to_log_sender_and_health(tmp_path: Path):
    # A missing folder is a disk failure that every machine can simulate.
    collector = RunningCollector(tmp_path / "landing").start()
    for kind in ("tracking", "events"):
        (collector.landing / kind).rename(collector.landing / f"{kind}-away")
    assert collector.client.get(path(LINKS.click("send-1", URL))).status_code == 302
    assert collector.client.post(unsubscribe_path(), data=ONE_CLICK).status_code == 503
    assert collector.client.post("/events", json=EVENT, headers=BEARER).status_code == 503
    assert collector.client.get("/health").status_code == 503
    log = collector.log()
    assert "lost: clicked of send send-1" in log
    assert "ada@example.org" not in log
    for kind in ("tracking", "events"):
        (collector.landing / f"{kind}-away").rename(collector.landing / kind)
    assert collector.client.post(unsubscribe_path(), data=ONE_CLICK).status_code == 200
    assert len(collector.all_rows("tracking")) == 1
