{#- The windows that features look through, in whole UTC days, today included. Twice as long a window
    is there for those that are compared with the time before them: 60 days less 30 are the 30 before. -#}
{% macro window_days() -%}
    {{ return([7, 30, 60, 90, 180]) }}
{%- endmacro %}


{#- What windows_of() counts: all there ever was, then through each window. -#}
{% macro window_counts() -%}
    {%- set counts = ['events', 'amount'] -%}
    {%- for n in window_days() -%}
        {%- do counts.extend(['events_' ~ n ~ 'd', 'amount_' ~ n ~ 'd']) -%}
    {%- endfor -%}
    {{ return(counts) }}
{%- endmacro %}


{#- The columns of windows_of(), but for `who`. -#}
{% macro window_columns() -%}
    {{ return(['name', 'first_at', 'last_at'] + window_counts()) }}
{%- endmacro %}


{#- One row per `who` and event name: everything there ever was, and what lies in each window.
      events  a relation with `who`, name, occurred_at, amount
      within  what is in a window that reaches {n} days back, as SQL over its columns
    Amounts are summed apart: few events have one. -#}
{% macro windows_of(events, who, within) -%}
with

events as not materialized (
    select * from {{ events }}
),

counted as (
    select
        {{ who }},
        name,
        count(*) as events,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at,
        {% for n in window_days() -%}
            count(*) filter (where {{ within.format(n=n) }}) as events_{{ n }}d{{ "," if not loop.last }}
        {% endfor %}
    from events
    group by {{ who }}, name
),

paid as (
    select
        {{ who }},
        name,
        sum(amount) as amount,
        {% for n in window_days() -%}
            sum(amount) filter (where {{ within.format(n=n) }}) as amount_{{ n }}d{{ "," if not loop.last }}
        {% endfor %}
    from events
    where amount is not null
    group by {{ who }}, name
)

select
    counted.{{ who }},
    counted.name,
    counted.first_at,
    counted.last_at,
    {% for count in window_counts() -%}
        {%- if count.startswith('events') -%}
            counted.{{ count }}{{ "," if not loop.last }}
        {% else -%}
            coalesce(paid.{{ count }}, 0) as {{ count }}{{ "," if not loop.last }}
        {% endif -%}
    {% endfor %}
from counted
left join paid on counted.{{ who }} = paid.{{ who }} and counted.name = paid.name
{%- endmacro %}


{#- In which windows an event is, seen on a day (SQL): `within` of windows_of(). -#}
{% macro within_days_of(today) -%}
    {{ return(utc_day('occurred_at') ~ " > " ~ today ~ " - {n}") }}
{%- endmacro %}


{#- Sums of several rows of windows, each as many times as it `counts`. -#}
{% macro sum_of_windows(counts) -%}
    {%- set types = {'events': 'bigint', 'amount': 'decimal(38, 4)'} -%}
    min(first_at) as first_at,
    max(last_at) as last_at
    {%- for count in window_counts() -%},
    cast(sum({{ counts }} * {{ count }}) as {{ types[count.split('_')[0]] }}) as {{ count }}
    {%- endfor %}
{%- endmacro %}


{#- Whether the UTC day is another than when this kept model was last built: then days have gone out
    of windows. Asked when the model runs, because on all other ticks no event has to be looked at. -#}
{% macro a_day_has_passed() -%}
    {%- set found = run_query(
        "select " ~ utc_day('as_of') ~ " > " ~ utc_day(watermark(own_name(), 'as_of'))
        ~ " from control.clock"
    ) -%}
    {{ return(found.columns[0].values()[0]) }}
{%- endmacro %}


{#- The events of days that went out of a window since the model was last built: then what is counted
    through that window is another number, though nothing has happened. Once for each window that they
    went out of. An inner join with both ends of the days, for that is what DuckDB reads no other days
    for; of two comparisons with subqueries it uses one. -#}
{% macro events_moved_on(model) -%}
with

clock as (
    select
        {{ utc_day('as_of') }} as today,
        {{ utc_day(watermark(model, 'as_of')) }} as earlier
    from {{ source('control', 'clock') }}
)
{% for n in window_days() %}
select events.written_key, events.name, events.occurred_at, events.amount, {{ n }} as days_back
from {{ ref('stg_events') }} as events
inner join (
    select
        {{ utc_midnight('earlier - ' ~ (n - 1)) }} as since,
        {{ utc_midnight('today - ' ~ (n - 1)) }} as until
    from clock
) as gone on events.occurred_at >= gone.since and events.occurred_at < gone.until
{{ "union all" if not loop.last }}
{%- endfor %}
{%- endmacro %}
