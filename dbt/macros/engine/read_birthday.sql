{#-
    A birthday as ISO 8601 text: `1980-05-12`, or `--05-12` without a year; null if the text is
    unreadable. A year before 1850 means an unknown year: 0000, and 1604 of Apple's contacts.

    Accepted: ISO 8601 dates, at midnight or without a time; `--05-12` (ISO 8601:2000, vCard); days
    with dots (`12.05.1980`, `29.02.`), which begin with the day everywhere; `05/12`, Mailchimp's
    own form, which begins with the month; other dates with slashes or hyphens if one number can
    only be a day (`25/12/1980`); `12 May 1980`, `Feb 29` and the same in other languages; and
    milliseconds since 1970 of a midnight in UTC. `05/12/1980` is ambiguous: set the `dates` of the
    source.
-#}
{% macro read_birthday(text) -%}
    {{ return(adapter.dispatch('read_birthday')(text)) }}
{%- endmacro %}

{% macro default__read_birthday(text) -%}
    {%- set year = '([0-9]{4})' -%}
    {%- set month = '(0?[1-9]|1[0-2])' -%}
    {%- set day = '(0?[1-9]|[12][0-9]|3[01])' -%}
    {%- set only_a_day = '(1[3-9]|2[0-9]|3[01])' -%}
    {%- set word = '([a-z]{3,10})' -%}
    {%- set midnight = '([t ]00:00(:00([.]0+)?)?( ?(z|utc|[+-]00:?00))?)?' -%}
    {#- The pattern of a normalized text, and its year, month and day as `y-m-d`. -#}
    {%- set ways = [
        ('^' ~ year ~ '-' ~ month ~ '-' ~ day ~ midnight ~ '$', '\\1-\\2-\\3'),
        ('^' ~ year ~ '[/.]' ~ month ~ '[/.]' ~ day ~ '$', '\\1-\\2-\\3'),
        ('^' ~ year ~ '([0-9]{2})([0-9]{2})$', '\\1-\\2-\\3'),
        ('^--([0-9]{2})-?([0-9]{2})$', '-\\1-\\2'),
        ('^' ~ day ~ '[.] ?' ~ month ~ '[.]?( ?' ~ year ~ ')?$', '\\4-\\2-\\1'),
        ('^' ~ month ~ '/' ~ day ~ '$', '-\\1-\\2'),
        ('^' ~ only_a_day ~ '[/-]' ~ month ~ '([/-]' ~ year ~ ')?$', '\\4-\\2-\\1'),
        ('^' ~ month ~ '[/-]' ~ only_a_day ~ '([/-]' ~ year ~ ')?$', '\\4-\\1-\\2'),
        ('^' ~ day ~ '(st|nd|rd|th|[.])?[ -]?(de )?' ~ word ~ '[.]?([ ,-]+(de )?' ~ year ~ ')?$',
            '\\7-\\4-\\1'),
        ('^' ~ word ~ '[.]?[ -]' ~ day ~ '(st|nd|rd|th)?([ ,-]+' ~ year ~ ')?$', '\\5-\\1-\\2'),
    ] -%}
    {%- set months = [
        'jan|ene|gen', 'fe[bv]', 'mar|mrt|maa', 'a[pbv]r', 'ma[yi]|mag|mei', 'jun|juin|giu',
        'jul|juil|lug', 'aug|aou|ago', 'se[pt]', 'o[ck]t|out|ott', 'nov', 'de[cz]|dic',
    ] -%}
    {%- set milliseconds_per_day = 86400000 -%}
    case
        when regexp_matches({{ text }}, '^-?[0-9]{9,13}$') then case
            when cast({{ text }} as bigint) % {{ milliseconds_per_day }} = 0
                then cast(
                    date '1970-01-01'
                    + cast(cast({{ text }} as bigint) // {{ milliseconds_per_day }} as integer)
                    as varchar
                )
        end
        when {{ text }} is not null then list_transform(
            list_transform(
                [regexp_replace(lower(strip_accents({{ text }})), ' +', ' ', 'g')],
                lambda plain: string_split(case
                    {%- for pattern, parts in ways %}
                    when regexp_matches(plain, '{{ pattern }}')
                        then regexp_replace(plain, '{{ pattern }}', '{{ parts }}')
                    {%- endfor %}
                end, '-')
            ),
            lambda parts: list_transform(
                [struct_pack(
                    y := coalesce(try_cast(parts[1] as integer), 0),
                    m := case
                        when regexp_matches(parts[2], '^[0-9]') then cast(parts[2] as integer)
                        {%- for pattern in months %}
                        when regexp_matches(parts[2], '^({{ pattern }})') then {{ loop.index }}
                        {%- endfor %}
                    end,
                    d := try_cast(parts[3] as integer)
                )],
                lambda given: case
                    when given['y'] >= 1850 then cast(try_cast(
                        printf('%04d-%02d-%02d', given['y'], given['m'], given['d']) as date
                    ) as varchar)
                    ---------- in a leap year every day of a year exists
                    when try_cast(printf('2000-%02d-%02d', given['m'], given['d']) as date) is not null
                        then printf('--%02d-%02d', given['m'], given['d'])
                end
            )[1]
        )[1]
    end
{%- endmacro %}
