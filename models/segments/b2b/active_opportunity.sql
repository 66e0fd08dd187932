with

features as (
    select contact_id, open_deals from {{ ref('contact_features') }}
)

select contact_id
from features
where open_deals > 0
