with

features as (
    select contact_id, opened_of_last_3 from {{ ref('contact_features') }}
)

select contact_id
from features
where opened_of_last_3 = 3
