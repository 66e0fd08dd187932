with

events as (
    select * from {{ ref('event_sightings') }}
),

forms as (
    select * from {{ ref('form_events') }}
),

keys as (
    select * from {{ ref('event_keys') }}
),

seen as (
    select written_key, nullif(anonymous_id, '') as anonymous_id, event_id, occurred_at, received_at
    from events
    union all
    select written_key, anonymous_id, event_id, occurred_at, received_at
    from forms
)

select
    keys.key,
    keys.is_address,
    seen.anonymous_id,
    seen.event_id,
    seen.occurred_at,
    seen.received_at
from seen
inner join keys on seen.written_key = keys.written_key
