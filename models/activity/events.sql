with

events as (
    select * from {{ ref('input_events') }}
),

keys as (
    select key_kind, key, contact_id from {{ ref('contact_identities') }}
),

by_key as (
    select key, {{ earliest('contact_id', by=key_precedence() + ['contact_id']) }} as contact_id
    from keys
    group by key
),

resolved as (
    select
        events.event_id,
        by_key.contact_id,
        events.name,
        events.occurred_at,
        events.received_at,
        events.amount,
        events.properties
    from events
    left join by_key on events.contact_key = by_key.key
)

select * from resolved
