"""Providers' words for bounces and suppressions."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from senders.tracking_types import (
    BOUNCE_TYPES,
    SUPPRESSION_REASONS,
    bounce_kind,
    plain_word,
    plain_word_sql,
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
        ("STOP", "opt_out"),
        ("dnc", "opt_out"),
        ("Do not contact", "opt_out"),
        ("désabonnée", "opt_out"),
        ("SoftBounce", None),
        ("Transient", None),
        ("soon", None),
    ],
)
def test_the_reason_of_a_suppression(word: str, reason: str | None):
    assert suppression_reason(word) == reason


def test_a_word_that_means_unsubscribed_in_a_column_is_an_opt_out_in_a_statement():
    macros = (Path(__file__).parents[2] / "dbt/macros/staging/said.sql").read_text(encoding="utf-8")
    [listed] = re.findall(r"set unsubscribed = \[(.*?)\]", macros, re.DOTALL)
    words = re.findall("'([^']+)'", listed)
    assert len(words) > 20
    assert {word: suppression_reason(word) for word in words} == dict.fromkeys(words, "opt_out")


@pytest.mark.parametrize("text", ["Désabonné", "Dado de baja", "DNC ", "Hard-Bounce", "ÀÉ ß İ 1"])
def test_a_word_is_as_plain_in_sql_as_in_python(text: str):
    [(plain,)] = duckdb.execute(f"select {plain_word_sql('$1')}", [text]).fetchall()
    assert plain == plain_word(text)


@pytest.mark.parametrize("words", [BOUNCE_TYPES, SUPPRESSION_REASONS])
def test_a_word_is_plain_and_has_one_meaning(words: dict[str, tuple[str, ...]]):
    listed = [word for known in words.values() for word in known]
    assert len(set(listed)) == len(listed)
    assert [plain_word(word) for word in listed] == listed
    assert all(plain_word(meaning) in known for meaning, known in words.items())
