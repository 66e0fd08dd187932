{#-
    The worth of a row of scores.ledger at the instant `at`: its points from `since` until before
    `ends_at`; with a half-life, points * 0.5 ^ (days since / half-life). Each row is rounded to
    four places, so that a sum does not depend on the order of its rows. Arguments are SQL.
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
