with

features as (
    select contact_id, trial_started_at, purchases from {{ ref('contact_features') }}
)

select contact_id
from features
where trial_started_at > {{ minus_days(as_of(), 30) }}
    and purchases = 0
