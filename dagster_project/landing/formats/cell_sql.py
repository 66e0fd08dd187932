"""SQL that reads the text of a cell: an instant or a number."""

from __future__ import annotations

# ISO 8601, as people and programs write it: a date, or date and time with or without an offset.
# An hour may have one digit, as spreadsheets and some CRMs write it.
_INSTANT = r"\d{4}-\d\d-\d\d([T ]\d\d?:\d\d(:\d\d(\.\d+)?)?(Z| UTC|[+-]\d\d(:?\d\d)?)?)?"


def instant(text: str, zone: str) -> str:
    """Write SQL of the instant (timestamptz) that a text says, null if it says none.

    Args:
        text: SQL of a text: ISO 8601, with `T` or a blank between date and time. A date alone is
            its midnight. Session time zone must be UTC.
        zone: SQL of the IANA zone of a time without an offset.

    """
    # The usual form first: it needs no pattern.
    return f"""case
        when {text} like '____-__-__T__:__:__Z' then try_cast({text} as timestamptz)
        when not regexp_full_match({text}, '{_INSTANT}') then null
        when regexp_matches(substr({text}, 12), '[ZU+-]') then try_cast({text} as timestamptz)
        else timezone({zone}, try_cast({text} as timestamp))
    end"""


def number(text: str, decimal: str) -> str:
    """Write SQL of a number's text as SQL reads it: `1.234,50` is `1234.50`.

    Args:
        text: SQL of a text.
        decimal: the decimal sign, `,` or `.`; the other one, a blank or an apostrophe may part
            thousands. Null for what is no such number.

    """
    thousands = "." if decimal == "," else ","
    pattern = rf"[+-]?(\d{{1,3}}([{thousands} ''\x{{a0}}\x{{202f}}]\d{{3}})+|\d+)([{decimal}]\d+)?"
    digits = f"replace(regexp_replace({text}, '[^0-9{decimal}-]', '', 'g'), '{decimal}', '.')"
    return f"case when regexp_full_match({text}, '{pattern}') then {digits} end"


def instant_as(text: str, formats: str, zone: str) -> str:
    """Write SQL of the instant (timestamptz) that a text says in one of some formats, else null.

    Args:
        text: SQL of a text.
        formats: SQL of a list of strptime formats; the first that fits counts. A year that is
            written in two digits fits %y alone.
        zone: SQL of the IANA zone that the text is in.

    """
    return _of_four_digits(f"timezone({zone}, try_strptime({text}, {formats}))")


def instant_since_epoch(text: str, unit: str) -> str:
    """Write SQL of the instant (timestamptz) of a count of `seconds` or `milliseconds` since 1970.

    Null unless it is a count of digits, with or without a fraction, of a year before 10000.
    """
    micros = {"seconds": 1_000_000, "milliseconds": 1_000}[unit]
    count = f"try_cast({text} as decimal(30, 6)) * {micros}"
    return _of_four_digits(
        rf"""case when regexp_full_match({text}, '\d+([.]\d+)?')
            then make_timestamptz(try_cast({count} as bigint)) end"""
    )


def _of_four_digits(moment: str) -> str:
    # To DuckDB `05.06.24` is a %d.%m.%Y of the year 24; milliseconds read as seconds are of 55840.
    return f"case when year({moment}) between 1000 and 9999 then {moment} end"
