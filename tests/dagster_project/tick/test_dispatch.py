"""An event that lands between the models and the dispatch holds the send of its contact only."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dagster_project.tick import dispatch
from senders.file import FileSender
from tests.support.small_company import SECOND, address

if TYPE_CHECKING:
    from tests.conftest import Undisturbed
    from tests.support.home import Home

NEXT = SECOND + timedelta(minutes=5)
LAPSED, RETURNED, BOUNCED, CLICKED, BUYING = "p007", "p008", "p010", "p011", "p085"


def test_a_late_event_holds_a_send_until_the_next_tick_decides(due: Home, undisturbed: Undisturbed):
    sends = dict(due.rows("select contact_id, send_id from delivery.send_queue"))
    due.land(
        "tracking/late.jsonl",
        [
            _tracking("unsubscribed", send_id=sends[LAPSED]),
            # A mailbox provider knows an address, not a send, and may write more than the address.
            _tracking(
                "bounced", email=f"Eve <{address(10).upper()}>", detail={"bounce_type": "hard"}
            ),
            _tracking("clicked", send_id=sends[CLICKED]),
        ],
    )
    due.land("events/late.jsonl", [_event("logged_in", RETURNED), _event("invoiced", BUYING)])
    held = {sends[contact] for contact in (LAPSED, RETURNED, BOUNCED, BUYING)}

    report = due.dispatch()
    assert report.skipped == Counter(
        f"held for the next tick: {event}"
        for event in ("unsubscribed", "bounced", "logged_in", "invoiced")
    )
    assert set(undisturbed.mail) - set(due.mail()) == held
    assert not held & {send_id for send_id, _, _ in due.tries()}

    due.live(NEXT)
    # The invoice stops no mail, so this send leaves now. The other sends are stopped by gates.
    assert set(undisturbed.mail) - set(due.mail()) == held - {sends[BUYING]}
    gates = dict(
        due.rows(
            "select contact_id, string_agg(gate, ', ' order by gate) from delivery.send_gates "
            "inner join decisions.step_decisions using (send_id) "
            f"where checked_at = '{NEXT.isoformat()}' group by contact_id"
        )
    )
    assert gates == {LAPSED: "consent, suppression", RETURNED: "exit", BOUNCED: "suppression"}


def test_a_late_event_for_an_address_holds_the_contact_that_has_the_address_now(
    due: Home, undisturbed: Undisturbed
):
    # Another contact had the address of p007 first and keeps the address as its key.
    due.rows(
        "update decisions.contact_keys set contact_id = 'former' "
        f"where key_kind = 'email' and key = '{address(7)}'"
    )
    [(send,)] = due.rows(f"select send_id from delivery.send_queue where contact_id = '{LAPSED}'")
    due.land("tracking/late.jsonl", [_tracking("unsubscribed", email=address(7))])

    assert due.dispatch().skipped == {"held for the next tick: unsubscribed": 1}
    assert set(undisturbed.mail) - set(due.mail()) == {send}


def test_late_files_are_read_before_every_batch(
    due: Home, undisturbed: Undisturbed, monkeypatch: pytest.MonkeyPatch
):
    due.variables["SENDHOUSE_DELIVERY__BATCH_SIZE"] = "10"
    [(last, contact)] = due.rows(
        "select send_id, contact_id from delivery.send_queue "
        "order by priority desc, scheduled_at desc, send_id desc limit 1"
    )

    class WhileItSends(FileSender):
        """A sender that lands an opt-out for the last batch during the first batch."""

        async def send(self, **message: Any):
            due.land("tracking/late.jsonl", [_tracking("unsubscribed", send_id=last)])
            return await super().send(**message)

    monkeypatch.setattr(dispatch, "make_sender", lambda settings: WhileItSends(settings.outbox_dir))
    report = due.dispatch()
    assert report.skipped == {"held for the next tick: unsubscribed": 1}
    assert set(undisturbed.mail) - set(due.mail()) == {last}, contact


def _tracking(kind: str, **columns: Any) -> dict[str, Any]:
    return {
        "event_id": f"late-{kind}",
        "type": kind,
        "occurred_at": SECOND.isoformat(),
        "provider": "test",
        **columns,
    }


def _event(name: str, contact: str) -> dict[str, Any]:
    return {
        "event_id": f"late-{name}",
        "contact_key": contact,
        "name": name,
        "occurred_at": SECOND.isoformat(),
    }
