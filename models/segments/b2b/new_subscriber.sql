with

features as (
    select contact_id, created_at, consent from {{ ref('contact_features') }}
)

select contact_id
from features
where consent = 'opted_in'
    and created_at > {{ minus_days(as_of(), parameter('new_subscriber_days')) }}
