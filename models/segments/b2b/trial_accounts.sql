with

features as (
    select contact_id, trial_ends_at, purchases from {{ ref('contact_features') }}
)

select contact_id
from features
where trial_ends_at > {{ as_of() }}
    and purchases = 0
