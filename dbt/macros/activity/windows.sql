{#- The windows that features look through, in whole UTC days, today included. -#}
{% macro window_days() -%}
    {{ return([7, 30, 60, 90, 180]) }}
{%- endmacro %}


{#- How far back windows begin or end: each, and as long a time before it. -#}
{% macro window_reaches() -%}
    {%- set reaches = [] -%}
    {%- for n in window_days() -%}
        {%- do reaches.extend([n, 2 * n]) -%}
    {%- endfor -%}
    {{ return(reaches | unique | sort) }}
{%- endmacro %}


{#- What windows_of() counts: all there ever was, then through each window and the time before it. -#}
{% macro window_counts() -%}
    {%- set counts = ['events', 'amount'] -%}
    {%- for n in window_days() -%}
        {%- for what in ['events', 'amount'] -%}
            {%- do counts.extend([what ~ '_' ~ n ~ 'd', what ~ '_previous_' ~ n ~ 'd']) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(counts) }}
{%- endmacro %}


{#- Of a relation of days (contact_id, name, day, events, amount, first_at, last_at), one row per
    contact and name: everything there ever was, and what lies in each window and in as long a time
    before it, as seen on the day `today` (SQL). Sums go all the way back to the begin of a window,
    what was before it is a difference; few days have an amount, and most of the sums are of those. -#}
{% macro windows_of(days, today) -%}
with

days as not materialized (
    select *, {{ today }} as today from {{ days }}
),

counted as (
    select
        contact_id,
        name,
        cast(sum(events) as bigint) as events,
        min(first_at) as first_at,
        max(last_at) as last_at,
        {% for n in window_reaches() -%}
            cast(coalesce(sum(events) filter (where day > today - {{ n }}), 0) as bigint)
                as events_{{ n }}
            {{- "," if not loop.last }}
        {% endfor %}
    from days
    group by contact_id, name
),

paid as (
    select
        contact_id,
        name,
        sum(amount) as amount,
        {% for n in window_reaches() -%}
            coalesce(sum(amount) filter (where day > today - {{ n }}), 0) as amount_{{ n }}
            {{- "," if not loop.last }}
        {% endfor %}
    from days
    where amount <> 0
    group by contact_id, name
)

select
    counted.contact_id,
    counted.name,
    counted.first_at,
    counted.last_at,
    counted.events,
    coalesce(paid.amount, 0) as amount,
    {% for n in window_days() -%}
        counted.events_{{ n }} as events_{{ n }}d,
        counted.events_{{ 2 * n }} - counted.events_{{ n }} as events_previous_{{ n }}d,
        coalesce(paid.amount_{{ n }}, 0) as amount_{{ n }}d,
        coalesce(paid.amount_{{ 2 * n }} - paid.amount_{{ n }}, 0) as amount_previous_{{ n }}d
        {{- "," if not loop.last }}
    {% endfor %}
from counted
left join paid on counted.contact_id = paid.contact_id and counted.name = paid.name
{%- endmacro %}


{#- Whether a day has left a window, or the time before it, since `earlier`: then what is counted
    through that window is another number, though nothing has happened. -#}
{% macro crosses_a_window(day, earlier, today) -%}
    (
        {%- for n in window_reaches() %}
        ({{ day }} > {{ earlier }} - {{ n }} and {{ day }} <= {{ today }} - {{ n }})
        {{- " or" if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
