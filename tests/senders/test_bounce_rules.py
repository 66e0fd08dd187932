"""Whose fault a refusal is: replies.csv has a text per row, and whose fault the text shows.

Sources of the texts: RFC 3463, 5321, 7293, 7372, 7504, 7505; documented replies of Google,
Microsoft, Yahoo, GMX, iCloud, QQ and 163; texts of Postfix, Exim, sendmail, qmail, Exchange,
Mimecast, Proofpoint, Barracuda and Spamhaus.
"""

import csv
import email
import re
from pathlib import Path

import duckdb
import jinja2
import pytest

from dagster_project.home.settings import PROJECT_DIR
from dagster_project.project import registry
from senders.bounce_rules import ADDRESS, bounce_fault, bounce_rules
from senders.replies import Reply, fault_of
from tests.senders.senders_support import SHARED_DATA

with Path(__file__).with_name("replies.csv").open(encoding="utf-8", newline="") as table:
    TEXTS = {row["text"]: row["fault"] or None for row in csv.DictReader(table)}


@pytest.mark.parametrize(("text", "fault"), TEXTS.items())
def test_a_text_shows_whose_fault_a_bounce_is(text, fault):
    assert bounce_fault(text) == fault


def test_sql_and_python_judge_the_same_texts_alike():
    generated = registry.render(PROJECT_DIR)
    macro = generated[generated.index("{% macro bounce_fault") :]
    sql = jinja2.Template(macro + "{{ bounce_fault('text') }}").render()
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select text, {sql} from (select unnest($texts) as text)",
            {"texts": list(TEXTS)},
        ).fetchall()
        nothing = connection.execute(f"select {sql} from (select null::varchar as text)").fetchone()
    assert dict(found) == TEXTS
    assert nothing == (None,)


def test_every_rule_decides_one_of_the_texts():
    deciding = {
        next((rule for rule in bounce_rules() if re.search(rule.pattern, plain)), None)
        for plain in (re.sub(ADDRESS, "", text.lower()) for text in TEXTS)
    }
    assert [rule.pattern for rule in bounce_rules() if rule not in deciding] == []


@pytest.mark.parametrize(
    "doubt",
    [
        "your IP 192.0.2.1 is on a blocklist",
        "blocked using bl.spamcop.net",
        "Sender verify failed",
        "too many unknown users",
        "the HELO name is wrong",
        "no PTR record",
        "rate limit",
        "SPF check failed",
        "message content refused",
        "rejected by our policy",
        "relay access denied",
        "try again later",
        "a bad reputation",
        "authentication required",
    ],
)
@pytest.mark.parametrize(
    "text", ["550 5.1.1 user unknown", "550 No such user here", "550 5.1.10 x"]
)
def test_a_text_that_also_speaks_of_the_sender_is_no_word_about_the_recipient(text, doubt):
    assert fault_of(Reply(550, f"{text[4:]}; {doubt}")) != "recipient"
    assert fault_of(Reply(550, f"{doubt}: {text[4:]}")) != "recipient"


@pytest.mark.parametrize("code", [500, 521, 541, 550, 551, 552, 553, 554, 571])
def test_a_reply_that_says_nothing_is_no_word_about_the_recipient(code):
    assert fault_of(Reply(code, "")) != "recipient"


def test_the_replies_of_the_shared_faults_blame_the_right_one():
    path = SHARED_DATA / "faults" / "replies.csv"
    if not path.is_file():
        pytest.skip("../shared/data/faults is not there")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = [(row["reply"], _fault(row["reply"])) for row in rows]
    assert found == [(row["reply"], row["fault"]) for row in rows]


def _fault(reply):
    code, _, text = reply.partition(" ")
    return fault_of(Reply(int(code), text))


def test_real_bounces_suppress_no_address_that_may_be_alive():
    """Sisimai's real bounce mails: only the words `user unknown` of a filter may deceive."""
    folder = SHARED_DATA / "bounces"
    if not folder.is_dir():
        pytest.skip("../shared/data/bounces is not there")
    with (folder / "expected.csv").open(encoding="utf-8", newline="") as file:
        verdicts = list(csv.DictReader(file))
    by_file = {}
    for verdict in verdicts:
        by_file.setdefault(verdict["file"], []).append(verdict)
    judged = []
    for name, expected in by_file.items():
        said = _diagnoses((folder / "mail" / name).read_bytes())
        if len(said) == len(expected):
            judged += zip(said, expected, strict=True)
    assert len(judged) > 150
    wrong = [
        text
        for text, verdict in judged
        if bounce_fault(text) == "recipient" and verdict["hard_bounce"] == "False"
    ]
    assert len(wrong) <= 10
    assert all(re.search("(?i)user (unknown|not exist)|(unknown|no such) user", t) for t in wrong)
    hard = [bounce_fault(text) for text, verdict in judged if verdict["hard_bounce"] == "True"]
    assert hard.count("recipient") / len(hard) > 0.7


def _diagnoses(mail):
    """Per recipient of a delivery status notification (RFC 3464) the status and the words."""
    return [
        f"{block['Status'] or ''} {block['Diagnostic-Code'] or ''}"
        for part in email.message_from_bytes(mail).walk()
        if part.get_content_type() == "message/delivery-status"
        for block in (part.get_payload() if isinstance(part.get_payload(), list) else [])
        if block["Final-Recipient"] or block["Original-Recipient"]
    ]
