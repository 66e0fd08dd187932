with

features as (
    select contact_id, active_days_30d, usage_30d from {{ ref('contact_features') }}
)

select contact_id
from features
where active_days_30d >= {{ parameter('power_user_days') }}
    and usage_30d > 0
