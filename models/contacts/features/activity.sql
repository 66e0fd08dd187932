with

windows as (
    select * from {{ ref('contact_windows') }}
),

counted as (
    select
        contact_id,
        min(first_at) as first_active_at,
        max(last_at) as last_event_at,
        {% for n in window_days() -%}
            cast(sum(events_{{ n }}d) as bigint) as events_{{ n }}d,
        {% endfor -%}
        cast(sum(events_previous_30d) as bigint) as events_previous_30d,
        cast(sum(events_previous_90d) as bigint) as events_previous_90d
    from windows
    group by contact_id
)

select
    *,
    {{ trend('events_30d', 'events_previous_30d') }} as events_trend_30d,
    {{ trend('events_90d', 'events_previous_90d') }} as events_trend_90d
from counted
