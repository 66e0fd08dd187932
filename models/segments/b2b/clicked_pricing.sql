with

features as (
    select contact_id, last_pricing_click_at from {{ ref('contact_features') }}
)

select contact_id
from features
where last_pricing_click_at >= {{ minus_days(as_of(), parameter('pricing_click_days')) }}
