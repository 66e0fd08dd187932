with

totals as (
    select
        *,
        events_60d - events_30d as events_previous_30d,
        events_180d - events_90d as events_previous_90d
    from {{ ref('contact_totals') }}
)

select
    contact_id,
    first_active_at,
    last_event_at,
    {% for n in window_days() -%}
        events_{{ n }}d,
    {% endfor -%}
    events_previous_30d,
    events_previous_90d,
    {{ trend('events_30d', 'events_previous_30d') }} as events_trend_30d,
    {{ trend('events_90d', 'events_previous_90d') }} as events_trend_90d
from totals
