with

totals as (
    select
        contact_id,
        last_used_at,
        usage_30d,
        usage_60d - usage_30d as usage_previous_30d
    from {{ ref('contact_totals') }}
    where last_used_at is not null
)

select
    *,
    {{ trend('usage_30d', 'usage_previous_30d') }} as usage_trend_30d
from totals
