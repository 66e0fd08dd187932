import pytest

from senders.replies import Reply, outcome_of


def test_a_permanent_refusal_is_final_whoever_is_to_blame():
    refusals = {
        "5.1.1 user unknown": "recipient",
        "5.7.1 spam": "sender",
        "5.2.2 mailbox full": "transient",
        "no": "sender",
    }
    for text, fault in refusals.items():
        outcome = outcome_of(Reply(550, text))
        assert (outcome.status, outcome.smtp_code, outcome.fault) == ("rejected", 550, fault)


def test_a_temporary_refusal_is_deferred():
    outcome = outcome_of(Reply(451, "4.7.1 greylisted"))
    assert (outcome.status, outcome.smtp_code, outcome.fault) == ("deferred", 451, "transient")


@pytest.mark.parametrize(
    ("text", "queue_id"),
    [
        ("2.0.0 Ok: queued as 4Xyz12AbCd", "4Xyz12AbCd"),
        ("Ok: queued as aBc-D_12", "aBc-D_12"),
        ("2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4Q2", "4Q2"),
        ("2.0.0 Message queued with id 1af3b9c2d.", "1af3b9c2d"),
        ("OK id=1rSx2K-0003Ab-2L", "1rSx2K-0003Ab-2L"),
        ("OK id=1rSx2K-00000003Ab-2LmN", "1rSx2K-00000003Ab-2LmN"),
        ("Ok 0102018f-aaaa-000000", "0102018f-aaaa-000000"),
        ("2.0.0 7d9a1b2c Message accepted for delivery", "7d9a1b2c"),
        ("2.0.0: 7d9a1b2c Message accepted for delivery", "7d9a1b2c"),
        ("2.0.0 49JCfXyz012345 Message accepted for delivery", "49JCfXyz012345"),
        ("49JCfXyz012345 Message accepted for delivery", "49JCfXyz012345"),
        (
            "2.0.0 OK  1700000000 d2e1a72fcca58-6be4f2a1si1234567b3a.12 - gsmtp",
            "d2e1a72fcca58-6be4f2a1si1234567b3a.12",
        ),
        ("2.0.0 OK 1583763822 x22si5476343plr.88 - gsmtp", "x22si5476343plr.88"),
        ("ok 1700000000 qp 12345", "12345"),
        (
            "2.6.0 <a@x.org> [InternalId=21474836481, Hostname=DB7.prod.outlook.com] 12345 bytes "
            "in 0.104, 115.910 KB/sec Queued mail for delivery",
            "21474836481",
        ),
        ("2.6.0 <a@x.org> Queued mail for delivery", None),
        ("2.0.0 Ok", None),
        ("ok dirdel", None),
        ("Ok", None),
        ("Message accepted for delivery", None),
        ("2.0.0 Message accepted for delivery", None),
        ("2.0.0 Ok Message accepted for delivery", None),
        ("Great success", None),
    ],
)
def test_the_queue_id_is_kept(text, queue_id):
    outcome = outcome_of(Reply(250, text))
    assert (outcome.status, outcome.provider_message_id) == ("sent", queue_id)


def test_no_address_gets_into_the_detail():
    text = "5.1.1 <Jo.Doe+x@example.org>: unknown (jo@x.org; 'a@b.c')" + "x" * 2000
    detail = outcome_of(Reply(550, text)).detail
    assert "@" not in detail
    assert detail.startswith("550 5.1.1 <<address>>: unknown")
    assert len(detail) <= 500
