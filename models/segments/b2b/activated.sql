with

features as (
    select contact_id, activated_at from {{ ref('contact_features') }}
)

select contact_id
from features
where activated_at is not null
