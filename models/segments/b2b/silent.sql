with

features as (
    select contact_id, last_active_at from {{ ref('contact_features') }}
)

select contact_id
from features
where last_active_at < {{ minus_days(as_of(), parameter('silence_days')) }}
