import re

import duckdb
import jinja2
import pytest

from dagster_project.home.settings import PROJECT_DIR
from dagster_project.project import registry
from senders.bounce_rules import bounce_fault, bounce_rules

TEXTS = {
    "550 5.1.1 user unknown": "recipient",
    "smtp; 550 5.1.10 null MX": "recipient",
    "550 (#5.1.1)": "recipient",
    "The status is 5.1.1.": "recipient",
    "550 5.1.1 <x@y.example>: User unknown in relay recipient table": "recipient",
    "550 5.1.1 <info@blackrock.example>: user unknown": "recipient",
    "550 5.1.1 <SPAM@block.example>: user unknown": "recipient",
    "550 5.1.1 no such user a412f3a - gsmtp": "recipient",
    "550 5.2.1 mailbox disabled": "recipient",
    "550 5.4.4 no route to the domain": "recipient",
    "550 5.4.1 Recipient address rejected: Access denied": "recipient",
    "450 4.2.1 try later": "transient",
    "5.1.1 after 4.7.1": "transient",
    "5.1.1, after 451 greylisted": "transient",
    "552 5.2.2 no room": "transient",
    "552 too much": "transient",
    "5.1.1 Mailbox is full": "transient",
    "Over QUOTA": "transient",
    "550 5.3.0 out of order": "transient",
    "550 5.4.0 network trouble": "transient",
    "550 5.1.7 bad sender": "sender",
    "550 5.1.8 sender domain not found": "sender",
    "552 5.2.3 too long for this mailbox": "sender",
    "500 5.5.2 syntax": "sender",
    "554 5.6.0 malformed": "sender",
    "552 5.3.4 message too big": "sender",
    "554 5.7.1 rejected": "sender",
    "550 5.7.515 Access denied": "sender",
    "550 5.1.1 blocked by policy": "sender",
    "550 5.0.0 no": "sender",
    "550 DKIM signature missing": "sender",
    "550 no such user here": None,
    "550 see 10.5.1.1": None,
    "550 15.1.1 and 5.1": None,
    "bounced": None,
    "": None,
}


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
        next((rule for rule in bounce_rules() if re.search(rule.pattern, text.lower())), None)
        for text in TEXTS
    }
    assert set(bounce_rules()) <= deciding
