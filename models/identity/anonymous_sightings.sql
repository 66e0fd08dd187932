with

sightings as (
    select * from {{ ref('key_sightings') }}
)

select
    contact_key,
    anonymous_id,
    {{ earliest('event_id', by=['received_at', 'occurred_at', 'event_id']) }} as event_id,
    {{ earliest('occurred_at', by=['received_at', 'occurred_at', 'event_id']) }} as occurred_at,
    min(received_at) as received_at
from sightings
where anonymous_id is not null and anonymous_id <> contact_key
group by contact_key, anonymous_id
