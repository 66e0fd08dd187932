{#-
    These macros read a text of a CRM export as a value; an unreadable text gives null. They are
    narrow on purpose: an ambiguous text (`03/04/2021`, `1,000`) is not guessed. Models call them
    through `said_instant`, `said_number` and the like.
-#}

{#- An instant. Accepted: ISO 8601 with a space or `T`, one-digit hours, an offset, `Z` or `UTC`;
    and milliseconds since 1970, as APIs give. A text without an offset is UTC. Other names of zones
    are ambiguous: DuckDB reads `12:00 BST` as a time in Bangladesh. -#}
{% macro read_instant(text) -%}
    {{ return(adapter.dispatch('read_instant')(text)) }}
{%- endmacro %}

{% macro default__read_instant(text) -%}
    case
        when regexp_matches({{ text }}, '^\d{12,13}$')
            then make_timestamptz(cast({{ text }} as bigint) * 1000)
        when regexp_matches(
            {{ text }}, '^\d{4}-\d{1,2}-\d{1,2}($|[ T][^A-Za-z]*(Z|(?i: utc))?$)'
        )
            then try_cast({{ text }} as timestamptz)
    end
{%- endmacro %}


{#- A day: ISO 8601, alone or as midnight. A text with another time of day is no day. -#}
{% macro read_date(text) -%}
    {{ return(adapter.dispatch('read_date')(text)) }}
{%- endmacro %}

{% macro default__read_date(text) -%}
    case
        when regexp_matches(
            {{ text }}, '^\d{4}-\d{1,2}-\d{1,2}($|[ T]0?0:00(:00([.]0+)?)?(Z|[+-]00(:?00)?)?$)'
        )
            then try_cast(regexp_extract({{ text }}, '^[0-9-]{8,10}') as date)
    end
{%- endmacro %}


{#- A number with a decimal point and no thousands separators: at most 14 digits before the point,
    rounded to four digits after it. -#}
{% macro read_number(text) -%}
    {{ return(adapter.dispatch('read_number')(text)) }}
{%- endmacro %}

{% macro default__read_number(text) -%}
    case
        when regexp_matches({{ text }}, '^[+-]?\d+([.]\d*)?([eE][+-]?\d+)?$')
            then try_cast({{ text }} as decimal(18, 4))
    end
{%- endmacro %}


{#- A whole number; `1000.0` counts as whole. -#}
{% macro read_integer(text) -%}
    {{ return(adapter.dispatch('read_integer')(text)) }}
{%- endmacro %}

{% macro default__read_integer(text) -%}
    case
        when regexp_matches({{ text }}, '^[+-]?\d+([.]0*)?$')
            then try_cast(try_cast({{ text }} as decimal(18, 4)) as integer)
    end
{%- endmacro %}


{#- The IANA name of a time zone, in any case; HubSpot writes its slashes as `_slash_`. DuckDB also
    lists the short names of the ICU library. These are ambiguous (BST is Bangladesh, AST is
    Alaska), so a name of three letters counts only if it has one meaning. -#}
{% macro read_zone(text) -%}
    {{ return(adapter.dispatch('read_zone')(text)) }}
{%- endmacro %}

{% macro default__read_zone(text) -%}
    (
        select min(name)
        from pg_timezone_names()
        where
            lower(name) = replace(lower({{ text }}), '_slash_', '/')
            and (
                name in (
                    'UTC', 'UCT', 'GMT', 'WET', 'CET', 'MET', 'EET', 'HST', 'PRC', 'ROC', 'ROK'
                )
                or not regexp_matches(name, '^([A-Z]{3}$|SystemV/|Factory$)')
            )
    )
{%- endmacro %}


{#- Splits a text into one row per part. An expression of the select list. -#}
{% macro each_part(text, separator) -%}
    {{ return(adapter.dispatch('each_part')(text, separator)) }}
{%- endmacro %}

{% macro default__each_part(text, separator) -%}
    unnest(string_split({{ text }}, '{{ separator }}'))
{%- endmacro %}


{#- The smallest of several ids in one text. -#}
{% macro smallest_part(text, separator) -%}
    {{ return(adapter.dispatch('smallest_part')(text, separator)) }}
{%- endmacro %}

{% macro default__smallest_part(text, separator) -%}
    list_min(string_split(replace({{ text }}, ' ', ''), '{{ separator }}'))
{%- endmacro %}


{#- The texts of all columns whose name fits a regular expression, in any case, as a list. At least
    one column must fit. An expression of the select list, alone. -#}
{% macro texts_of_columns(pattern) -%}
    {{ return(adapter.dispatch('texts_of_columns')(pattern)) }}
{%- endmacro %}

{% macro default__texts_of_columns(pattern) -%}
    list_value(*columns('(?i){{ pattern }}'))
{%- endmacro %}


{#- Whether a list of texts has one that is neither empty nor one of `words`; null if all are
    empty. -#}
{% macro any_other_text(texts, words) -%}
    {{ return(adapter.dispatch('any_other_text')(texts, words)) }}
{%- endmacro %}

{% macro default__any_other_text(texts, words) -%}
    list_bool_or(list_transform(
        {{ texts }}, lambda text: nullif(lower(trim(text)), '') not in {{ sql_list(words) }}
    ))
{%- endmacro %}


{#- The position of a row among the rows of a raw table, in the order of landing. Landing keeps the
    order of a file's lines. A unit test has a row's place in the fixture. -#}
{% macro landed_position() -%}
    {{ return(adapter.dispatch('landed_position')()) }}
{%- endmacro %}

{% macro default__landed_position() -%}
    {{ 'row_number() over ()' if model.resource_type == 'unit_test' else 'rowid' }}
{%- endmacro %}
