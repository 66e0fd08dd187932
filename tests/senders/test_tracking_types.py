"""Providers' words for bounces and suppressions."""

from __future__ import annotations

import pytest

from senders.tracking_types import (
    BOUNCE_TYPES,
    SUPPRESSION_REASONS,
    bounce_kind,
    plain_word,
    suppression_reason,
)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Permanent", "hard"),
        ("PERMANENT", "hard"),
        ("Hard", "hard"),
        ("hard_bounce", "hard"),
        ("HardBounce", "hard"),
        ("permanent_fail", "hard"),
        ("Transient", "soft"),
        ("soft bounce", "soft"),
        ("blocked", "soft"),
        ("Undetermined", "undetermined"),
        ("perhaps", None),
        ("", None),
        ("not hard", None),
    ],
)
def test_the_kind_of_a_bounce(word: str, kind: str | None):
    assert bounce_kind(word) == kind


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("HARD_BOUNCE", "bounced"),
        ("Cleaned", "bounced"),
        ("BOUNCE", "bounced"),
        ("INVALID_EMAIL", "bounced"),
        ("SPAM_COMPLAINT", "complained"),
        ("COMPLAINT", "complained"),
        ("spamreport", "complained"),
        ("ManualSuppression", "opt_out"),
        ("USER_SUPPRESSED", "opt_out"),
        ("group_unsubscribe", "opt_out"),
        ("import_out", "import_out"),
        ("SoftBounce", None),
        ("Transient", None),
        ("soon", None),
    ],
)
def test_the_reason_of_a_suppression(word: str, reason: str | None):
    assert suppression_reason(word) == reason


@pytest.mark.parametrize("words", [BOUNCE_TYPES, SUPPRESSION_REASONS])
def test_a_word_is_plain_and_has_one_meaning(words: dict[str, tuple[str, ...]]):
    listed = [word for known in words.values() for word in known]
    assert len(set(listed)) == len(listed)
    assert [plain_word(word) for word in listed] == listed
    assert all(plain_word(meaning) in known for meaning, known in words.items())
