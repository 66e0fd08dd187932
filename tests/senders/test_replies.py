import pytest

from senders.replies import Reply, fault_of, outcome_of


@pytest.mark.parametrize(
    ("code", "text", "fault"),
    [
        (550, "5.1.1 <jo@x.org>: user unknown", "recipient"),
        (550, "5.1.10 null MX", "recipient"),
        (550, "5.2.1 mailbox disabled", "recipient"),
        (550, "5.4.1 Recipient address rejected: Access denied", "recipient"),
        (550, "no such user here", "recipient"),
        (553, "mailbox name not allowed", "recipient"),
        (553, "5.1.8 sender domain not found", "sender"),
        (550, "5.7.1 message rejected", "sender"),
        (550, "5.7.25 no PTR", "sender"),
        (550, "5.7.26 unauthenticated", "sender"),
        (550, "5.7.28 too much spam", "sender"),
        (550, "5.7.29 no TLS", "sender"),
        (550, "5.7.515 Access denied, sending domain", "sender"),
        (550, "blocked using Spamhaus", "sender"),
        (550, "relaying denied", "sender"),
        (554, "transaction failed", "sender"),
        (552, "5.3.4 message too big", "sender"),
        (500, "5.5.2 syntax", "sender"),
        (552, "5.2.2 mailbox full", "transient"),
        (552, "over quota", "transient"),
        (550, "5.3.0 out of order", "transient"),
        (550, "5.4.0 network trouble", "transient"),
    ],
)
def test_a_refusal_of_the_recipient_blames_who_is_to_blame(code, text, fault):
    assert fault_of(Reply(code, text), to_recipient=True) == fault
    assert outcome_of(Reply(code, text), to_recipient=True).status == "rejected"


def test_a_bare_550_to_the_message_is_no_word_about_the_mailbox():
    assert fault_of(Reply(550, "no"), to_recipient=False) == "sender"


def test_a_temporary_refusal_is_deferred():
    outcome = outcome_of(Reply(451, "4.7.1 greylisted"), to_recipient=True)
    assert (outcome.status, outcome.smtp_code, outcome.fault) == ("deferred", 451, "transient")


@pytest.mark.parametrize(
    ("text", "queue_id"),
    [
        ("2.0.0 Ok: queued as 4Xyz12AbCd", "4Xyz12AbCd"),
        ("OK id=1rSx2K-0003Ab-2L", "1rSx2K-0003Ab-2L"),
        ("Ok 0102018f-aaaa-000000", "0102018f-aaaa-000000"),
        ("2.0.0 Ok", None),
        ("Message accepted for delivery", None),
    ],
)
def test_the_queue_id_is_kept(text, queue_id):
    outcome = outcome_of(Reply(250, text), to_recipient=False)
    assert (outcome.status, outcome.provider_message_id) == ("sent", queue_id)


def test_no_address_gets_into_the_detail():
    text = "5.1.1 <Jo.Doe+x@example.org>: unknown (jo@x.org; 'a@b.c')" + "x" * 2000
    detail = outcome_of(Reply(550, text), to_recipient=True).detail
    assert "@" not in detail
    assert detail.startswith("550 5.1.1 <<address>>: unknown")
    assert len(detail) <= 500
