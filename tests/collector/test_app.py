import html
import json
import re
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
EVENT = {
    "contact_key": "ada@example.org",
    "name": "signed_up",
    "occurred_at": "2026-03-01T09:30:00Z",
}


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


@pytest.mark.parametrize(
    "body", [{"data": ONE_CLICK}, {"files": {"List-Unsubscribe": (None, "One-Click")}}]
)
def test_one_click_unsubscribes_without_cookies_or_redirect(
    collector: RunningCollector, body: dict[str, dict]
):
    answer = httpx.post(f"http://127.0.0.1:{collector.port}{unsubscribe_path()}", **body)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    (row,) = collector.all_rows("tracking")
    assert (row["send_id"], row["type"]) == ("send-1", "unsubscribed")
    assert row["detail"]["list"] == "trial"
    assert row["detail"]["via"] == "one_click"
    assert row["detail"]["address_hash"] == LINKS.address_hash("ada@example.org")


def test_a_repeated_unsubscribe_gets_the_same_answer(collector: RunningCollector):
    answers = [collector.client.post(unsubscribe_path(), data=ONE_CLICK) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].text == answers[1].text
    rows = collector.all_rows("tracking")
    assert [(row["send_id"], row["type"]) for row in rows] == [("send-1", "unsubscribed")] * 2


@pytest.mark.parametrize("form", [{}, {"List-Unsubscribe": "no"}, {"other": "One-Click"}])
def test_a_post_without_the_unsubscribe_field_is_refused(
    collector: RunningCollector, form: dict[str, str]
):
    assert collector.client.post(unsubscribe_path(), data=form).status_code == 400
    assert collector.all_rows("tracking") == []


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
    for answer in (
        shared.client.get(unsubscribe_path()),
        shared.client.get("/c/wrong"),
        shared.client.get("/nowhere"),
        shared.client.post("/events", content=b"[]"),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy


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
@pytest.mark.parametrize(
    ("route", "kind", "start", "piece"),
    [
        ("/events", "application/json", json.dumps(EVENT), " " * 100_000),
        (unsubscribe_path(), FORM, "List-Unsubscribe=One-Click", "&a=" + "b" * 200_000),
    ],
    ids=["events", "unsubscribe"],
)
def test_a_body_over_the_limit_is_refused(
    collector: RunningCollector, route: str, kind: str, start: str, piece: str, chunked: bool
):
    whole = start.encode() + piece.encode() * (1_200_000 // len(piece) + 1)
    within, over = whole[:1_000_000], whole
    headers = BEARER | {"content-type": kind}
    too_long = iter([over[:600_000], over[600_000:]]) if chunked else over
    assert collector.client.post(route, content=within, headers=headers).status_code == 200
    try:
        answer = collector.client.post(route, content=too_long, headers=headers)
    except httpx.TransportError:
        pass  # the connection may close before the client reads the answer
    else:
        assert answer.status_code == 413
    assert len(collector.all_rows("events") + collector.all_rows("tracking")) == 1


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
