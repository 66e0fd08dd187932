with

features as (
    select contact_id, usage_30d from {{ ref('contact_features') }}
)

select contact_id
from features
where usage_30d >= {{ parameter('power_user_events') }}
