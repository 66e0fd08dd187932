{#-
    What a row of scores.ledger is worth at the instant `at`: its points from `since` until before
    `ends_at`; of one with a half-life, points * 0.5 ^ (days since / half-life). Rounded to four
    places row by row: then a sum is the same in whatever order it is added up. Arguments are SQL.
-#}
{% macro worth(
    at, points='points', since='since', half_life_days='half_life_days', ends_at='ends_at'
) -%}
    case
        when {{ since }} > {{ at }} or {{ ends_at }} <= {{ at }} then cast(0 as decimal(18, 4))
        when {{ half_life_days }} is null then {{ points }}
        else cast(
            {{ points }} * power(
                0.5, {{ seconds_between(since, at) }} / (86400 * {{ half_life_days }})
            ) as decimal(18, 4)
        )
    end
{%- endmacro %}
