with

features as (
    select contact_id, lifecycle_stage from {{ ref('contact_features') }}
)

select contact_id
from features
where lifecycle_stage = 'churned'
