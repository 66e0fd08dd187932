{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['written_key', 'day', 'name'],
    post_hook="{{ move_watermarks() }}",
) }}

with

arrived as (
    select * from {{ arrivals(ref('stg_events'), own_name()) }}
),

rolled_up as (
    select
        written_key,
        {{ utc_day('occurred_at') }} as day,
        name,
        count(*) as events,
        coalesce(sum(amount), 0) as amount,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from arrived
    group by written_key, day, name
)

{%- if is_incremental() %},

---------- what arrived of a day that has a row is added to it
known as (
    select known.*
    from {{ this }} as known
    semi join rolled_up
        on known.written_key = rolled_up.written_key
            and known.day = rolled_up.day
            and known.name = rolled_up.name
),

both_of as (
    select * from known
    union all
    select * from rolled_up
)

select
    written_key,
    day,
    name,
    cast(sum(events) as bigint) as events,
    sum(amount) as amount,
    min(first_at) as first_at,
    max(last_at) as last_at
from both_of
group by written_key, day, name
{%- else %}

    select * from rolled_up
{%- endif %}
