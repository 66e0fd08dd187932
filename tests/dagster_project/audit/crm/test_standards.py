from __future__ import annotations

import pytest

from dagster_project.audit.crm.standards import is_country, is_language, is_time_zone


@pytest.mark.parametrize("text", ["DE", "deu", "Germany", "united kingdom", "276"])
def test_a_country_is_an_iso_3166_code_or_name(text: str):
    assert is_country(text)


@pytest.mark.parametrize(
    "text",
    [
        *("Russia", "UK", "U.K.", "Turkey", "Türkiye", "Holland", "the Netherlands", "Nederland"),
        *("Deutschland", "Großbritannien", "Österreich", "Schweiz", "Suisse", "España", "Italia"),
        *("USA", "U.S.A.", "united states of america", "Great Britain", "England", "Brasil"),
        *("South Korea", "Czech Republic", "Czechia", "Vietnam", "Iran", "Bolivia", "Taiwan"),
        *("Côte d'Ivoire", "Ivory Coast", "Kosovo", "Hong Kong", "Россия", "Україна", "日本"),
    ],
)
def test_a_country_has_its_usual_names(text: str):
    assert is_country(text)


@pytest.mark.parametrize(
    "text", ["Unied Saes", "Europe", "Asia", "EMEA", "Berlin", "Bavaria", "xx", "Select", "-", ""]
)
def test_a_text_that_names_no_country_is_not_a_country(text: str):
    assert not is_country(text)


def test_a_time_zone_is_an_exact_iana_name():
    assert is_time_zone("Europe/Berlin")
    assert not is_time_zone("europe/berlin")
    assert not is_time_zone("CEST")
    assert not is_time_zone("../etc/passwd")


def test_a_language_begins_with_an_iso_639_code():
    assert all(map(is_language, ["de", "pt_BR", "de-AT", "gsw"]))
    assert not any(map(is_language, ["xx", "German", "", "-de"]))
