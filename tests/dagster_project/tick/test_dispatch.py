"""An event that lands between the models and the dispatch holds the send of its contact only."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dagster_project.home import warehouse
from dagster_project.landing import land_new
from dagster_project.tick import dispatch
from dagster_project.tick.report import not_done
from senders.base import Outcome
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


def test_an_export_holds_only_the_contacts_that_it_may_concern(due: Home, undisturbed: Undisturbed):
    queue = dict(due.rows("select contact_id, send_id from delivery.send_queue order by all"))
    by_id, by_address, in_a_cell, missing = [one for one in queue if one.startswith("p")][:4]
    person = {"first_name": "New", "marketing_consent": "false"}
    [(kept,)] = due.rows(f"select email from contacts.contacts where contact_id = '{by_address}'")
    [(said,)] = due.rows(f"select email from contacts.contacts where contact_id = '{in_a_cell}'")
    due.land(
        "crm/standard/contacts/late.jsonl",
        [
            {"contact_id": by_id, "email": "new.address@example.org", **person},
            {"contact_id": "q1", "email": kept.upper(), **person},
            {"contact_id": "q2", "email": f"Jo <{said}>; jo@example.net", **person},
            {"contact_id": "q3", "email": "nobody.knows@example.net", **person},
        ],
    )

    report = due.dispatch()

    held = {queue[one] for one in (by_id, by_address, in_a_cell)}
    assert report.skipped == {"held for the next tick: crm/standard/contacts landed": 3}
    assert set(undisturbed.mail) - set(due.mail()) == held
    assert queue[missing] in due.mail()
    [one] = not_done(report)
    assert (one.what, one.number, one.where) == ("held", 3, "delivery.send_queue")


def test_an_export_whose_rows_name_no_contact_holds_all_mail(due: Home):
    [(waiting,)] = due.rows("select count(*) from delivery.send_queue")
    due.land("crm/hubspot/email_event_status_change/late.jsonl", [{"id": "c1", "bounced": "true"}])

    kind = "crm/hubspot/email_event_status_change"
    reason = f"held for the next tick: {kind} landed, which may concern any contact"
    assert due.dispatch().skipped == {reason: waiting}


def test_rows_that_the_clock_does_not_know_hold_their_contacts_only(
    due: Home, undisturbed: Undisturbed
):
    """Files landed today, a tick as of a past day: history is read, and a later refusal is held."""
    queue = dict(due.rows("select contact_id, send_id from delivery.send_queue"))
    due.land("tracking/late.jsonl", [_tracking("unsubscribed", send_id=queue[LAPSED])])
    due.land("events/late.jsonl", [_event("logged_in", RETURNED)])
    with due.settings() as settings, warehouse.connect(settings.warehouse_path) as connection:
        land_new(connection, settings, NEXT)
        # The models ran after these files had landed, at an earlier clock. The login counts as
        # received in time, as with `received_at = "occurred_at"`.
        connection.execute("delete from delivery.files_seen")
        connection.execute("insert into delivery.files_seen select file_id from raw.files")
        connection.execute(
            "update raw.events set received_at = occurred_at where event_id = 'late-logged_in'"
        )

    assert due.dispatch().skipped == {"held for the next tick: unsubscribed": 1}
    assert set(undisturbed.mail) - set(due.mail()) == {queue[LAPSED]}


def test_a_wave_of_refusals_pauses_the_provider_and_suppresses_no_address(
    due: Home, monkeypatch: pytest.MonkeyPatch
):
    """A provider calls all its addresses unknown: an outage, or a block in disguise."""
    at_example_org = "select count(*) from delivery.send_queue where email like '%@example.org'"
    [(waiting,)] = due.rows(at_example_org)

    class Refused(FileSender):
        async def send(self, *, recipient: str, **message: Any):
            if recipient.endswith("@example.org"):
                return Outcome("rejected", None, 550, "recipient", "550 5.1.1 user unknown")
            return await super().send(recipient=recipient, **message)

    monkeypatch.setattr(dispatch, "make_sender", lambda settings: Refused(settings.outbox_dir))
    suppressed = due.rows("from delivery.suppressions order by all")

    report = due.dispatch()
    assert report.rejected == 10
    assert report.skipped == {"example.org refused 10 messages in a row": waiting - 10}
    assert report.sent > 0

    ticked = due.live(NEXT)
    [(provider, recipients)] = due.rows("select provider, recipients from delivery.refusal_waves")
    assert (provider, recipients) == ("example.org", 10)
    assert set(suppressed) >= set(due.rows("from delivery.suppressions order by all"))
    paused = [one for one in ticked.not_done if one.what == "paused"]
    assert [one.reason for one in paused] == ["example.org refused 10 addresses"]
    assert sum(one.number for one in paused) >= waiting - 10
    assert not [one for one in due.sent() if one in due.rows(at_example_org)]
    assert any(line.startswith("paused     ") for line in ticked.lines())
    assert due.rows("select count(*) from delivery.refused_addresses where not is_confirmed") == [
        (10,)
    ]


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
