{#- The windows of events by key, kept: a tick adds the new events of `events` (a relation with the
    columns of stg_events), and once a day subtracts the events that have left a window. -#}
{% macro kept_windows(events) -%}
with

{%- if is_incremental() %}
{%- set lose = a_day_has_passed() %}

clock as (
    select {{ utc_day(watermark(own_name(), 'as_of')) }} as earlier
),

---------- windows gain new events ...
arrived as (
    select events.*, clock.earlier
    from {{ arrivals(events, own_name()) }} as events
    cross join clock
),

gained as (
    {{ windows_of('arrived', 'written_key', within_days_of('earlier')) }}
),

{%- if lose %}

---------- ... and lose the events that have left them
moved_on as (
    {{ events_moved_on(events, own_name()) }}
),

lost as (
    {{ windows_of('moved_on', 'written_key', 'days_back = {n}') }}
),
{%- endif %}

touched as (
    select written_key, name from gained
    {%- if lose %}
    union
    select written_key, name from lost
    {%- endif %}
),

known as (
    select known.*
    from {{ this }} as known
    semi join touched on known.written_key = touched.written_key and known.name = touched.name
),

parts as (
    select 1 as counts, * from known
    union all by name
    select 1 as counts, * from gained
    {%- if lose %}
    union all by name
    -- Totals never shrink.
    select -1 as counts, * replace (0 as events, 0 as amount) from lost
    {%- endif %}
),

windows as (
    select
        written_key,
        name,
        currency,
        {{ sum_of_windows('counts') }}
    from parts
    group by written_key, name, currency
)
{%- else %}

    clock as (
        select {{ as_of_day() }} as today
    ),

    events as not materialized (
        select events.*, clock.today
        from {{ events }} as events
        cross join clock
    ),

    windows as (
        {{ windows_of('events', 'written_key', within_days_of('today')) }}
    )
{%- endif %}

select
    written_key,
    {{ window_columns() | join(',\n    ') }}
from windows
{%- endmacro %}
