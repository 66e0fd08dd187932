from __future__ import annotations

import pytest

from dagster_project.audit.crm.standards import is_country, is_language, is_time_zone


@pytest.mark.parametrize("text", ["DE", "deu", "Germany", "united kingdom", "276"])
def test_iso_3166_knows_countries_by_code_and_by_name(text: str):
    assert is_country(text)


@pytest.mark.parametrize("text", ["UK", "Unied Saes", "Europe", ""])
def test_what_iso_3166_does_not_list_is_no_country(text: str):
    assert not is_country(text)


def test_time_zones_are_ianas_names_to_the_letter():
    assert is_time_zone("Europe/Berlin")
    assert not is_time_zone("europe/berlin")
    assert not is_time_zone("CEST")
    assert not is_time_zone("../etc/passwd")


def test_a_language_tag_begins_with_a_code_of_iso_639():
    assert all(map(is_language, ["de", "pt_BR", "de-AT", "gsw"]))
    assert not any(map(is_language, ["xx", "German", "", "-de"]))
