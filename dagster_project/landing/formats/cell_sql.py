"""SQL that parses the text of a cell as an instant or a number."""

from __future__ import annotations

# ISO 8601: a date, or a date and a time with or without an offset. The hour may have one digit, as
# in spreadsheets and some CRMs.
_INSTANT = r"\d{4}-\d\d-\d\d([T ]\d\d?:\d\d(:\d\d(\.\d+)?)?(Z| UTC|[+-]\d\d(:?\d\d)?)?)?"


def instant(text: str, zone: str) -> str:
    """Write SQL that parses a text as an instant (timestamptz), null if the text is not a time.

    Args:
        text: SQL of a text: ISO 8601, with `T` or a blank between date and time. A date means
            midnight. The session time zone must be UTC.
        zone: SQL of the IANA zone of a time without an offset.

    """
    # The usual form first, because it needs no regular expression.
    return f"""case
        when {text} like '____-__-__T__:__:__Z' then try_cast({text} as timestamptz)
        when not regexp_full_match({text}, '{_INSTANT}') then null
        when regexp_matches(substr({text}, 12), '[ZU+-]') then try_cast({text} as timestamptz)
        else timezone({zone}, try_cast({text} as timestamp))
    end"""


def number(text: str, decimal: str) -> str:
    """Write SQL that rewrites a number's text for a cast: `1.234,50` becomes `1234.50`.

    The result is null if the text is not a number.

    Args:
        text: SQL of a text.
        decimal: the decimal sign, `,` or `.`. The other sign, a blank or an apostrophe may separate
            thousands.

    """
    thousands = "." if decimal == "," else ","
    pattern = rf"[+-]?(\d{{1,3}}([{thousands} ''\x{{a0}}\x{{202f}}]\d{{3}})+|\d+)([{decimal}]\d+)?"
    digits = f"replace(regexp_replace({text}, '[^0-9{decimal}-]', '', 'g'), '{decimal}', '.')"
    return f"case when regexp_full_match({text}, '{pattern}') then {digits} end"


# DuckDB's casts also read 12.5, 1_000 and 0x1F as integers, `inf` as a number, `epoch` as a date.
_WORDS_OF_TYPES = (
    (("tinyint", "smallint", "int", "bigint", "hugeint"), r"[+-]?\d+([.]0*)?"),
    (("float", "real", "double", "decimal"), r"[+-]?\d+([.]\d*)?([eE][+-]?\d+)?"),
    (("date",), r"\d{4}-\d{1,2}-\d{1,2}"),
)


def cast(text: str, data_type: str) -> str:
    """Write SQL that reads a text as a DuckDB type, null if the text is not plainly of the type.

    Args:
        text: SQL of a text.
        data_type: the type, such as `integer` or `decimal(18, 2)`.

    """
    for names, pattern in _WORDS_OF_TYPES:
        if data_type.lower().startswith(names):
            plain = f"regexp_full_match(trim({text}), '{pattern}')"
            return f"case when {plain} then try_cast(trim({text}) as {data_type}) end"
    return f"try_cast({text} as {data_type})"


# DuckDB rewrites a JSON number unless a double or an integer prints it the same: 1.10 becomes 1.1,
# 1E2 becomes 100.0, 0.1234567890123456789 loses digits. Whole numbers of any length stay.
_REWRITTEN = r"-?\d+(\.\d+0|\.\d{15,}|(\.\d+)?[eE][+-]?\d+)|-0(\.0)?"
_BEGINS_LIKE_REWRITTEN = r"\s*(-0|-?\d+(\.\d+0|\.\d{15}|(\.\d+)?[eE])|-?(?i:nan|inf))"
# A string without its quotes is the first group, a number the second: both end up in quotes.
_STRING_OR_NUMBER = rf'"((?:[^"\\]|\\.)*)"|({_REWRITTEN})\b'
_STRING = r'"(?:[^"\\]|\\.)*"'


def is_no_json(json: str) -> str:
    """Write SQL of whether a value has NaN or an infinity, which DuckDB takes and JSON has not.

    Args:
        json: SQL of a value that DuckDB takes as JSON.

    """
    text = f"{json}::varchar"
    bare = f"regexp_replace({text}, '{_STRING}', '', 'g')"
    return f"""coalesce(
        regexp_matches({text}, '[:,\\[]\\s*-?(?i:nan|inf)')
            and regexp_matches({bare}, '(?i)nan|inf'),
        false)"""


def json_in_its_words(json: str) -> str:
    """Write SQL that makes texts of the numbers that DuckDB would rewrite; null if `is_no_json`.

    Args:
        json: SQL of a JSON value, as it was written.

    """
    text = f"{json}::varchar"
    # A pattern that begins with one certain character is searched three times as fast.
    return f"""case
        when regexp_matches({text}, ':{_BEGINS_LIKE_REWRITTEN}')
            or contains({text}, '[') and regexp_matches({text}, '[,\\[]{_BEGINS_LIKE_REWRITTEN}')
            then case when not {is_no_json(json)}
                then regexp_replace({text}, '{_STRING_OR_NUMBER}', '"\\1\\2"', 'g')::json
            end
        else {json}
    end"""


def instant_as(text: str, formats: str, zone: str) -> str:
    """Write SQL that parses a text by the first matching format (timestamptz), else null.

    Args:
        text: SQL of a text.
        formats: SQL of a list of strptime formats. A year of two digits matches %y only.
        zone: SQL of the IANA zone of the text.

    """
    return _of_four_digits(f"timezone({zone}, try_strptime({text}, {formats}))")


def day_as(text: str, formats: str, yearless: str) -> str:
    """Write SQL that rewrites a day by the first matching format as ISO 8601 text, else null.

    Args:
        text: SQL of a text.
        formats: SQL of a list of strptime formats; they give `1980-05-12`.
        yearless: SQL of a list of formats that begin with `%Y ` and need no other year; they give
            `--05-12`.

    """
    # 2000 is a leap year: it has every day of a year.
    return f"""coalesce(
        strftime(try_strptime({text}, {formats}), '%Y-%m-%d'),
        strftime(try_strptime('2000 ' || {text}, {yearless}), '--%m-%d')
    )"""


def local_midnight(text: str, zone: str) -> str:
    """Write SQL that gives the day (ISO 8601 text) of an instant that is midnight in a zone."""
    local = f"timezone({zone}, {instant(text, zone)})"
    return f"case when {local} = date_trunc('day', {local}) then strftime({local}, '%Y-%m-%d') end"


def instant_since_epoch(text: str, unit: str) -> str:
    """Write SQL that parses a count of `seconds` or `milliseconds` since 1970 (timestamptz).

    The text is digits, with or without a fraction; else, or beyond the year 9999, null.
    """
    micros = {"seconds": 1_000_000, "milliseconds": 1_000}[unit]
    count = f"try_cast({text} as decimal(30, 6)) * {micros}"
    return _of_four_digits(
        rf"""case when regexp_full_match({text}, '\d+([.]\d+)?')
            then make_timestamptz(try_cast({count} as bigint)) end"""
    )


def _of_four_digits(moment: str) -> str:
    # DuckDB parses `05.06.24` by %d.%m.%Y as the year 24; milliseconds taken for seconds give the
    # year 55840.
    return f"case when year({moment}) between 1000 and 9999 then {moment} end"
