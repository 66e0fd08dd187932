with

totals as (
    select
        *,
        revenue_180d - revenue_90d as revenue_previous_90d
    from {{ ref('contact_totals') }}
    where purchases > 0
)

select
    contact_id,
    first_purchase_at,
    last_purchase_at,
    purchases,
    revenue,
    {% for n in [30, 90, 180] -%}
        purchases_{{ n }}d,
        revenue_{{ n }}d,
    {% endfor -%}
    revenue_previous_90d,
    {{ trend('revenue_90d', 'revenue_previous_90d') }} as revenue_trend_90d
from totals
