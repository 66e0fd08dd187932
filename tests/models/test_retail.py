"""A real grocer's year through a real SMTP server: lapsed buyers get three mails, then none.

The files have columns of their own: a settings file maps the columns.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest

from tests.senders.senders_support import SHARED_DATA
from tests.support.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.mailbox import Mailbox

NEW_YEAR = datetime(2018, 1, 1, tzinfo=UTC)
RETAIL = SHARED_DATA / "retail"

SETTINGS = """
[identity]
from_name = "The corner shop"
from_email = "hello@shop.example"
postal_address = "1 Market Square, Springfield"
list_id = "news.shop.example"

[parameters]
silence_days = 60
lapsed_buyer_days = 30
frequency_cap_sends = 3
frequency_cap_days = 7
attribution_days = 7
setup_days = 3
trial_days = 30
pricing_click_days = 30
demo_days = 60
quiet_days = 7
new_subscriber_days = 14
mql_points = 50
power_user_events = 10
usage_dropped_percent = 20
usage_dropped_from = 10
demo_points = 30
pricing_points = 3
click_points = 5

[sources.households]
as = "crm/standard/contacts"
path = "{retail}/contacts.csv"
constants = {{ marketing_consent = "true" }}

[sources.baskets]
as = "events"
path = "{retail}/purchases.parquet"
columns = {{ contact_key = "contact_id" }}
received_at = "occurred_at"
"""

# The silent contacts at an instant, computed from the files alone.
SILENT = """
    select contact_id from '{retail}/purchases.parquet'
    where occurred_at <= $now
    group by contact_id
    having max(occurred_at) < $now::timestamp - interval 60 day
"""


@pytest.fixture
def shop(tmp_path: Path, start_mailbox: Callable[..., Mailbox]) -> tuple[Home, Mailbox]:
    if not RETAIL.is_dir():
        pytest.skip("the real data sets are missing (../shared/data/retail)")
    settings = tmp_path / "shop.toml"
    settings.write_text(SETTINGS.format(retail=RETAIL), encoding="utf-8")
    mailbox = start_mailbox()
    variables = {"SENDHOUSE_CONFIG": str(settings), **mailbox.settings}
    return Home(tmp_path / "home", **variables), mailbox


@pytest.mark.shared_data
def test_lapsed_buyers_get_each_step_once_and_are_suppressed_if_they_stay_away(
    shop: tuple[Home, Mailbox],
):
    home, mailbox = shop
    # The first tick runs in a process of its own; the later ticks run in this process.
    report = home.tick(NEW_YEAR).report
    assert report["landed"] == {"files": 2, "rows": 158_317, "duplicates": 0, "rejected": 0}
    assert home.rows("select count(*) from segments.lapsed_buyers") == [(424,)]
    sent = home.queue()
    assert report["dispatched"]["sent"] == len(sent)
    assert _step_sends(home, 0) == {"we_miss_you": _silent(0)}

    # Two contacts bought in the first hours of the new year: they leave the sequence.
    away = _silent(0) & _silent(7)
    assert len(_silent(0) - away) == 2
    newly = {day: _silent(day) - _silent(day - 7) for day in (7, 14, 21, 28)}
    expected = {
        7: {"whats_new": away, "we_miss_you": newly[7]},
        14: {"last_call": away, "whats_new": newly[7], "we_miss_you": newly[14]},
        # From this day on, the contacts in `away` get no mail.
        21: {"last_call": newly[7], "whats_new": newly[14], "we_miss_you": newly[21]},
        28: {"last_call": newly[14], "whats_new": newly[21], "we_miss_you": newly[28]},
    }
    for day, sends in expected.items():
        report = home.live(NEW_YEAR + timedelta(days=day))
        assert _step_sends(home, day) == sends
        queue = home.queue()
        assert report.dispatched["sent"] == len(queue) == sum(map(len, sends.values()))
        assert not queue.keys() & sent.keys()
        sent |= queue

    suppressed = home.rows(
        "select email_hash from delivery.suppressions "
        f"where reason = 'unengaged' and since = '{NEW_YEAR + timedelta(days=21)}'"
    )
    assert {email_hash for (email_hash,) in suppressed} == {_hash(contact) for contact in away}

    arrived = mailbox.arrived()
    assert [(send_id, email) for send_id, email, _ in arrived] == sorted(sent.items())
    message_ids = {send_id: message_id for send_id, _, message_id in arrived}
    assert len(set(message_ids.values())) == len(message_ids)
    tried = home.rows("select send_id, message_id from raw.attempts where status = 'sent'")
    assert tried
    assert all(message_ids[send_id] == message_id for send_id, message_id in tried)


def _silent(day: int) -> set[str]:
    now = NEW_YEAR + timedelta(days=day)
    query = SILENT.format(retail=RETAIL)
    rows = duckdb.execute(query, {"now": now.replace(tzinfo=None)}).fetchall()
    return {contact for (contact,) in rows}


def _step_sends(home: Home, day: int) -> dict[str, set[str]]:
    """The sends decided on a day: contacts by step."""
    rows = home.rows(
        "select step, contact_id from decisions.step_decisions where decision = 'send' "
        f"and sequence = 'reengagement' and decided_at = '{NEW_YEAR + timedelta(days=day)}'"
    )
    steps: defaultdict[str, set[str]] = defaultdict(set)
    for step, contact in rows:
        steps[step].add(contact)
    return dict(steps)


def _hash(contact: str) -> str:
    return hashlib.sha256(f"household.{contact}@example.com".encode()).hexdigest()
