with

features as (
    select contact_id, last_purchase_at from {{ ref('contact_features') }}
)

select contact_id
from features
where last_purchase_at < {{ minus_days(as_of(), parameter('lapsed_buyer_days')) }}
