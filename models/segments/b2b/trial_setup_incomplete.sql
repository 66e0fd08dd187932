with

trials as (
    select contact_id from {{ ref('trial_accounts') }}
),

features as (
    select contact_id, trial_started_at, setup_completed_at from {{ ref('contact_features') }}
)

select features.contact_id
from features
inner join trials on features.contact_id = trials.contact_id
where features.trial_started_at <= {{ minus_days(as_of(), parameter('setup_days')) }}
    and features.setup_completed_at is null
