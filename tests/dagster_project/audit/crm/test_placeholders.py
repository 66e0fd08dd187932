from __future__ import annotations

import duckdb
import pytest

from dagster_project.audit.crm.placeholders import is_placeholder

PLACEHOLDERS = [
    *(
        "Select",
        "Select...",
        "- Select -",
        "<select>",
        "--Select--",
        "Select one",
        "Select Country",
    ),
    *("Please select a country", "* Please Select *", "Select an option", "Please choose"),
    *("Choose your industry", "Pick one", "Bitte wählen", "-- bitte auswählen --", "Seleccione"),
    *("Veuillez sélectionner", "Sélectionnez", "Kies", "-- None --", "--None--", "(none)"),
    *("[unknown]", "(blank)", "n/a", "N/A", "#N/A", "NULL", "nan", "undefined", "not set"),
    *("Not specified", "TBD", "k.A.", "Keine Angabe", "-", "--", "?", "…", "0000-00-00"),
]
ANSWERS = [
    *("None", "Unknown", "Other", "All", "Any", "Default", "No", "false", "0", "1", "NA", "Na"),
    *("Selected", "Selecta AG", "Select Medical Holdings", "Chosen", "Choose Love", "Pickle"),
    *("Wahl GmbH", "Ada", "Germany", "Namibia", "2026-01-01", "TBDX", "Nanterre", "Nullarbor"),
]


@pytest.mark.parametrize(
    ("text", "expected"), [(text, True) for text in PLACEHOLDERS] + [(a, False) for a in ANSWERS]
)
def test_the_first_entry_of_a_list_is_no_value_and_an_answer_is_one(text: str, expected: bool):
    query = f"select {is_placeholder('text')} from (select $text::varchar as text)"
    assert duckdb.execute(query, {"text": text}).fetchall() == [(expected,)]
