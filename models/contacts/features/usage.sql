{#- Read twice in a tick, by itself and for the company: a table. -#}
{{ config(materialized='table') }}

with

windows as (
    select * from {{ ref('contact_windows') }} where name in {{ sql_list(var('usage_events')) }}
),

counted as (
    select
        contact_id,
        max(last_at) as last_used_at,
        cast(sum(events_30d) as bigint) as usage_30d,
        cast(sum(events_60d - events_30d) as bigint) as usage_previous_30d
    from windows
    group by contact_id
)

select
    *,
    {{ trend('usage_30d', 'usage_previous_30d') }} as usage_trend_30d
from counted
