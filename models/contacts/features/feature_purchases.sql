with

totals as (
    select
        *,
        coalesce(revenue_180d - revenue_90d, 0) as revenue_previous_90d
    from {{ ref('contact_totals') }}
    where purchases > 0
)

select
    contact_id,
    first_purchase_at,
    last_purchase_at,
    purchases,
    revenue_currency,
    coalesce(revenue, 0) as revenue,
    {% for n in [30, 90, 180] -%}
        purchases_{{ n }}d,
        coalesce(revenue_{{ n }}d, 0) as revenue_{{ n }}d,
    {% endfor -%}
    revenue_previous_90d,
    {{ trend('revenue_90d', 'revenue_previous_90d') }} as revenue_trend_90d
from totals
