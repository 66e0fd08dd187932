{#- Read twice in a tick, by itself and for the company: a table. -#}
{{ config(materialized='table') }}

with

totals as (
    select written_key, last_used_at, usage_30d, usage_60d
    from {{ ref('key_totals') }}
    where last_used_at is not null
    union all
    select
        written_key,
        last_at as last_used_at,
        events_30d as usage_30d,
        events_60d as usage_60d
    from {{ ref('form_windows') }}
    where name in {{ sql_list(var('usage_events')) }}
),

key_contacts as (
    select written_key, contact_id from {{ ref('key_contacts') }}
),

counted as (
    select
        key_contacts.contact_id,
        max(totals.last_used_at) as last_used_at,
        cast(sum(totals.usage_30d) as bigint) as usage_30d,
        cast(sum(totals.usage_60d - totals.usage_30d) as bigint) as usage_previous_30d
    from totals
    inner join key_contacts on totals.written_key = key_contacts.written_key
    group by key_contacts.contact_id
)

select
    *,
    {{ trend('usage_30d', 'usage_previous_30d') }} as usage_trend_30d
from counted
