with

totals as (
    select * from {{ ref('key_totals') }}
    union all by name
    select * exclude (name) from {{ ref('form_windows') }}
),

key_contacts as (
    select written_key, contact_id from {{ ref('key_contacts') }}
),

counted as (
    select
        key_contacts.contact_id,
        min(totals.first_at) as first_active_at,
        max(totals.last_at) as last_event_at,
        {% for n in window_days() -%}
            cast(sum(totals.events_{{ n }}d) as bigint) as events_{{ n }}d,
        {% endfor -%}
        cast(sum(totals.events_60d - totals.events_30d) as bigint) as events_previous_30d,
        cast(sum(totals.events_180d - totals.events_90d) as bigint) as events_previous_90d
    from totals
    inner join key_contacts on totals.written_key = key_contacts.written_key
    group by key_contacts.contact_id
)

select
    *,
    {{ trend('events_30d', 'events_previous_30d') }} as events_trend_30d,
    {{ trend('events_90d', 'events_previous_90d') }} as events_trend_90d
from counted
