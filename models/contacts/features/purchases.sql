with

windows as (
    select * from {{ ref('contact_windows') }} where name = 'purchase_completed'
),

counted as (
    select
        contact_id,
        min(first_at) as first_purchase_at,
        max(last_at) as last_purchase_at,
        cast(sum(events) as bigint) as purchases,
        sum(amount) as revenue,
        {% for n in [30, 90, 180] -%}
            cast(sum(events_{{ n }}d) as bigint) as purchases_{{ n }}d,
            sum(amount_{{ n }}d) as revenue_{{ n }}d,
        {% endfor -%}
        sum(amount_180d - amount_90d) as revenue_previous_90d
    from windows
    group by contact_id
)

select
    *,
    {{ trend('revenue_90d', 'revenue_previous_90d') }} as revenue_trend_90d
from counted
