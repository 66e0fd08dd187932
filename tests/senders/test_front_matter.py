import pytest

from senders.errors import RenderError
from senders.front_matter import split_front_matter

ALLOWED = ("subject", "preheader")


def split(text):
    return split_front_matter(text, "templates/s/one.mjml", allowed=ALLOWED)


def test_values_and_body_keep_their_line_numbers():
    fields, body = split('---\npreheader: P\nsubject: "S"\n---\nbody\n')
    assert fields == {"preheader": "\nP", "subject": "\n\nS"}
    assert body == "\n\n\n\nbody\n"


def test_a_file_without_front_matter_is_all_body():
    assert split("<p>---</p>") == ({}, "<p>---</p>")


def test_a_value_that_looks_like_a_number_stays_text():
    assert split("---\nsubject: 007\n---\n")[0]["subject"].strip() == "007"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("---\nsubject: S\n", r"one\.mjml:1: .*not closed"),
        ("---\npreheader: P\nsubject: Hi: there\n---\n", r"one\.mjml:3: .*not YAML.*quotes"),
        ("---\nsubject: {{ contact.first_name }}\n---\n", r"one\.mjml:2: .*quotes"),
        ("---\nsubject: {{ a }}, hi\n---\n", r"one\.mjml:\d: .*quotes"),
        ("---\nsubject: S\n\nsubjct: T\n---\n", r"one\.mjml:4: unknown key 'subjct'.*subject"),
        ("---\nsubject: S\nsubject: T\n---\n", r"one\.mjml:3: subject occurs twice"),
        ("---\n- subject\n---\n", r"one\.mjml:2: .*key: text"),
        ("---\nsubject: [a]\n---\n", r"one\.mjml:2: subject is not text"),
        ("---\nsubject: \x01\n---\n", r"one\.mjml:1: .*not YAML"),
    ],
)
def test_wrong_front_matter_names_file_line_and_remedy(text, message):
    with pytest.raises(RenderError, match=message):
        split(text)
