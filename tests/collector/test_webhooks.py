"""A provider's webhook is one file in collector/webhooks/: found, verified, and landed whole."""

import hmac
import json
from hashlib import sha256
from pathlib import Path

import pytest

from collector import webhooks
from collector.webhooks import (
    BadDeliveryError,
    TrackingEvent,
    WebhookConfigError,
    load_webhooks,
)
from tests.collector.running import RunningCollector

KEY = "a key of the provider"
PIGEON = """
import hmac
import json
from datetime import datetime
from hashlib import sha256

from collector.webhooks import BadDeliveryError, NotVerifiedError, TrackingEvent

SECRETS = ("signing_key",)


def verify(delivery):
    expected = hmac.new(delivery.secrets["signing_key"].encode(), delivery.body, sha256)
    given = delivery.headers.get("x-pigeon-signature", "")
    if not hmac.compare_digest(expected.hexdigest(), given):
        raise NotVerifiedError


def events(delivery):
    try:
        items = json.loads(delivery.body)
    except ValueError as error:
        raise BadDeliveryError("the body is not JSON") from error
    for item in items:
        yield TrackingEvent(
            event_id=item["id"],
            type={"landed": "delivered", "lost": "bounced"}[item["event"]],
            occurred_at=datetime.fromisoformat(item["at"]),
            send_id=item.get("tag"),
            email=item.get("to"),
            detail={"loft": item.get("loft")},
        )
"""
LANDED = {
    "id": "p-1",
    "event": "landed",
    "at": "2026-03-01T10:30:00+01:00",
    "tag": "send-1",
    "to": "ada@example.org",
    "loft": "roof",
}


def signed(content: object) -> dict:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    signature = hmac.new(KEY.encode(), body, sha256).hexdigest()
    return {"content": body, "headers": {"x-pigeon-signature": signature}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one provider."""
    folder = tmp_path / "providers"
    folder.mkdir()
    (folder / "pigeon.py").write_text(PIGEON)
    return folder


@pytest.fixture
def collector(tmp_path: Path, folder: Path):
    running = RunningCollector(
        tmp_path / "landing", providers=folder, SENDHOUSE_PIGEON_SIGNING_KEY=KEY
    ).start()
    yield running
    running.end()
    assert "Traceback" not in running.log()
    assert "ada@example.org" not in running.log()
    assert KEY not in running.log()


def test_a_verified_delivery_becomes_tracking_rows(collector: RunningCollector):
    lost = LANDED | {"id": "p-2", "event": "lost", "tag": None}
    answer = collector.client.post("/webhooks/pigeon", **signed([LANDED, lost]))
    assert (answer.status_code, answer.json()) == (200, {"accepted": 2})
    first, second = collector.all_rows("tracking")
    assert first == {
        "event_id": "p-1",
        "send_id": "send-1",
        "email": "ada@example.org",
        "type": "delivered",
        "occurred_at": "2026-03-01T09:30:00+00:00",
        "provider": "pigeon",
        "detail": {"loft": "roof"},
    }
    assert (second["event_id"], second["type"], second["send_id"]) == ("p-2", "bounced", None)


def test_a_delivery_without_events_is_accepted(collector: RunningCollector):
    answer = collector.client.post("/webhooks/pigeon", **signed([]))
    assert (answer.status_code, answer.json()) == (200, {"accepted": 0})
    assert collector.all_rows("tracking") == []


@pytest.mark.parametrize("signature", [None, "", "0" * 64])
def test_an_unverified_delivery_is_forbidden_and_not_stored(collector: RunningCollector, signature):
    headers = {} if signature is None else {"x-pigeon-signature": signature}
    answer = collector.client.post("/webhooks/pigeon", json=[LANDED], headers=headers)
    assert answer.status_code == 403
    assert collector.all_rows("tracking") == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "the body is not JSON"),
        ([LANDED, LANDED | {"id": ""}], "has no id"),
        ([LANDED, LANDED | {"tag": "", "to": None}], "neither a send nor a recipient"),
        ([LANDED, LANDED | {"at": "2026-03-01T10:30:00"}], "has no time zone"),
        ([LANDED, LANDED | {"loft": float("nan")}], "is not JSON"),
    ],
)
def test_a_wrong_body_is_refused_whole_with_the_reason(
    collector: RunningCollector, content: object, reason: str
):
    answer = collector.client.post("/webhooks/pigeon", **signed(content))
    assert answer.status_code == 400
    assert reason in answer.text
    assert collector.all_rows("tracking") == []


def test_a_bug_in_a_module_is_logged_with_its_place_and_without_the_body(
    collector: RunningCollector,
):
    answer = collector.client.post(
        "/webhooks/pigeon", **signed([LANDED, LANDED | {"event": "ada@example.org"}])
    )
    assert answer.status_code == 500
    assert "ada" not in answer.text
    assert "webhook pigeon failed: KeyError at " in collector.log()
    assert "pigeon.py:" in collector.log()
    assert collector.all_rows("tracking") == []


def test_a_body_over_the_limit_is_refused(collector: RunningCollector):
    answer = collector.client.post("/webhooks/pigeon", **signed(b" " * 1_200_000))
    assert answer.status_code == 413
    assert collector.all_rows("tracking") == []


def test_only_a_post_to_a_known_provider_is_answered(collector: RunningCollector):
    assert collector.client.get("/webhooks/pigeon").status_code == 405
    assert collector.client.post("/webhooks/raven", content=b"[]").status_code == 404


def test_a_webhook_without_its_secret_is_off_and_names_the_variable(tmp_path: Path, folder: Path):
    running = RunningCollector(tmp_path / "landing", providers=folder).start()
    answer = running.client.post("/webhooks/pigeon", **signed([LANDED]))
    assert answer.status_code == 503
    assert "SENDHOUSE_PIGEON_SIGNING_KEY is not set" in answer.text
    assert running.all_rows("tracking") == []


def test_events_are_stored_before_the_answer(tmp_path: Path, folder: Path):
    running = RunningCollector(
        tmp_path / "landing",
        rotate_seconds=3600,
        providers=folder,
        SENDHOUSE_PIGEON_SIGNING_KEY=KEY,
    ).start()
    assert running.client.post("/webhooks/pigeon", **signed([LANDED])).is_success
    (part,) = running.parts("tracking")
    assert json.loads(part.read_text())["event_id"] == "p-1"
    running.end()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("sparrow", "def events(delivery): return []", r"sparrow\.py has no function verify"),
        ("starling", "def verify(delivery): pass", r"starling\.py has no function events"),
        ("Raven", "", r"Raven\.py: use lower-case letters"),
    ],
)
def test_a_module_that_does_not_fulfil_the_contract_is_refused(
    folder: Path, monkeypatch, name: str, text: str, message: str
):
    (folder / f"{name}.py").write_text(text)
    monkeypatch.setattr(webhooks, "__path__", [*webhooks.__path__, str(folder)])
    with pytest.raises(WebhookConfigError, match=message):
        load_webhooks({})


def test_an_event_with_a_wrong_value_is_not_made():
    with pytest.raises(BadDeliveryError):
        TrackingEvent(event_id="1", type="", occurred_at=None, send_id="s")  # type: ignore[arg-type]
