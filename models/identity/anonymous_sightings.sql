with

sightings as (
    select * from {{ ref('key_sightings') }}
)

select
    key,
    anonymous_id,
    {{ earliest('event_id', by=['received_at', 'occurred_at', 'event_id']) }} as event_id,
    {{ earliest('occurred_at', by=['received_at', 'occurred_at', 'event_id']) }} as occurred_at,
    min(received_at) as received_at
from sightings
where anonymous_id is not null and anonymous_id <> key
group by key, anonymous_id
