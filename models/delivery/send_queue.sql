-- Each stop is on record before a send is queued.
-- depends_on: {{ ref('gate_stops') }}
with

candidates as (
    select * from {{ ref('send_candidates') }}
),

stopped as (
    select distinct send_id from {{ ref('send_stops') }}
),

features as (
    select * from {{ ref('contact_features') }}
),

queue as (
    select
        candidates.send_id,
        candidates.contact_id,
        candidates.email,
        candidates.sequence,
        candidates.step,
        candidates.variant,
        candidates.template,
        candidates.scheduled_at,
        candidates.expires_at,
        candidates.priority,
        {{ row_to_json('features') }} as personalization
    from candidates
    inner join features on candidates.contact_id = features.contact_id
    anti join stopped on candidates.send_id = stopped.send_id
)

select * from queue
