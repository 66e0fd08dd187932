"""Values that mean no value: the first entry of a form's list, and what exports write for null."""

from __future__ import annotations

# Compared without case and punctuation: `-- Please select --` is `please select`.
_PROMPTS = (
    "(please |bitte |veuillez )?(select|choose|pick)"
    "( (a|an|one|any|your|the|from|option|value|here)( .*)?| (country|state|region|industry))?",
    "(bitte )?(aus)?w(ä|ae)hlen( sie)?( .*)?",
    "(veuillez )?(s(é|e)lectionne[rz]|choisi(r|ssez))( .*)?",
    "(por favor )?(seleccion[ea]r?|elija|elegir|selecion[ea]r?|escolha)( .*)?",
    "(seleziona(re)?|scegli(ere)?|kies|selecteer|maak een keuze|wybierz|v(ä|ae)lj|v(æ|ae)lg|velg)"
    "( .*)?",
)
_EMPTY = (
    "null|nil|nan|n a|n d|s o|undefined|unspecified|blank|empty|tbd|tba|missing",
    "not (applicable|available|set|specified|provided|given|known|entered|answered|stated)",
    "no (value|data|entry|answer|selection)|keine angabe|k a|non renseign(é|e)|sin especificar",
)
# A word that can be an answer; with marks around it, as in `(none)` or `-- None --`, it is none.
_DECORATED = "none|any|all|unknown|unassigned|default|other|keine|aucun|ninguno|nessuno"


def is_placeholder(value: str) -> str:
    """SQL of whether a text, an SQL expression, is a placeholder; never null for a text."""
    plain = f"trim(regexp_replace(lower({value}), '[^\\p{{L}}\\p{{N}}]+', ' ', 'g'))"
    words = "|".join((*_PROMPTS, *_EMPTY))
    return (
        f"({plain} = '' or regexp_full_match({plain}, '{words}')"
        f" or regexp_full_match({value}, '[^\\p{{L}}\\p{{N}}].*')"
        f" and regexp_full_match({plain}, '{_DECORATED}')"
        f" or regexp_full_match({value}, '0000-00-00.*'))"
    )
