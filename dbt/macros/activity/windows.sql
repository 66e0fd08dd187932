{#- The windows of features, in whole UTC days, today included. A window that is compared with the
    time before it needs a window of twice its length: 60 days less 30 days are the 30 days before.
    -#}
{% macro window_days() -%}
    {{ return([7, 30, 60, 90, 180]) }}
{%- endmacro %}


{#- The counts of windows_of(): of all time, then of each window. -#}
{% macro window_counts() -%}
    {%- set counts = ['events', 'amount'] -%}
    {%- for n in window_days() -%}
        {%- do counts.extend(['events_' ~ n ~ 'd', 'amount_' ~ n ~ 'd']) -%}
    {%- endfor -%}
    {{ return(counts) }}
{%- endmacro %}


{#- The columns of windows_of(), without `key`. -#}
{% macro window_columns() -%}
    {{ return(['name', 'currency', 'first_at', 'last_at'] + window_counts()) }}
{%- endmacro %}


{#- The counts of all time and of each window. The events of a `key` and name are counted in a row
    without a currency. Their amounts are summed in a row for each currency; the currency '' stands
    for amounts that name none. So amounts of several currencies never meet in one sum.
      events  a relation with `key`, name, occurred_at, amount, currency
      within  SQL over its columns: whether an event is in the window of {n} days -#}
{% macro windows_of(events, key, within) -%}
with

events as not materialized (
    select * from {{ events }}
),

counted as (
    select
        {{ key }},
        name,
        cast(null as varchar) as currency,
        count(*) as events,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at,
        {% for n in window_days() -%}
            count(*) filter (where {{ within.format(n=n) }}) as events_{{ n }}d{{ "," if not loop.last }}
        {% endfor %}
    from events
    group by {{ key }}, name
),

paid as (
    select
        {{ key }},
        name,
        coalesce(currency, '') as currency,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at,
        sum(amount) as amount,
        {% for n in window_days() -%}
            sum(amount) filter (where {{ within.format(n=n) }}) as amount_{{ n }}d{{ "," if not loop.last }}
        {% endfor %}
    from events
    where amount is not null
    group by {{ key }}, name, coalesce(currency, '')
),

rolled_up as (
    select * from counted
    union all by name
    select * from paid
)

select
    {{ key }},
    name,
    currency,
    first_at,
    last_at,
    {% for count in window_counts() -%}
        coalesce({{ count }}, 0) as {{ count }}{{ "," if not loop.last }}
    {% endfor %}
from rolled_up
{%- endmacro %}


{#- `within` of windows_of() for the windows that end on a day (SQL). -#}
{% macro within_days_of(today) -%}
    {{ return(utc_day('occurred_at') ~ " > " ~ today ~ " - {n}") }}
{%- endmacro %}


{#- The sums of several rows of windows, each row multiplied by `counts`. -#}
{% macro sum_of_windows(counts) -%}
    {%- set types = {'events': 'bigint', 'amount': 'decimal(38, 4)'} -%}
    min(first_at) as first_at,
    max(last_at) as last_at
    {%- for count in window_counts() -%},
    cast(sum({{ counts }} * {{ count }}) as {{ types[count.split('_')[0]] }}) as {{ count }}
    {%- endfor %}
{%- endmacro %}


{#- Whether the UTC day has changed since this model was last built: then days left the
    windows. Queried when the model runs, because on all other ticks no event needs to be read. -#}
{% macro a_day_has_passed() -%}
    {%- set found = run_query(
        "select day > " ~ utc_day(watermark(own_name(), 'as_of')) ~ " from control.today"
    ) -%}
    {{ return(found.columns[0].values()[0]) }}
{%- endmacro %}


{#- The events of days that left a window since the model was last built, once for each such window:
    the counts of the window change without a new event. An inner join with both ends of the days
    lets DuckDB skip all other days; of two comparisons with subqueries it uses one. -#}
{% macro events_moved_on(relation, model) -%}
with

clock as (
    select
        {{ as_of_day() }} as today,
        {{ utc_day(watermark(model, 'as_of')) }} as earlier
)
{% for n in window_days() %}
select
    events.written_key,
    events.name,
    events.occurred_at,
    events.amount,
    events.currency,
    {{ n }} as days_back
from {{ relation }} as events
inner join (
    select
        {{ utc_midnight('earlier - ' ~ (n - 1)) }} as since,
        {{ utc_midnight('today - ' ~ (n - 1)) }} as until
    from clock
) as gone on events.occurred_at >= gone.since and events.occurred_at < gone.until
{{ "union all" if not loop.last }}
{%- endfor %}
{%- endmacro %}
