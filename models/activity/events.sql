with

events as (
    select * from {{ ref('stg_events') }}
),

keys as (
    select key_kind, key, contact_id from {{ ref('contact_identities') }}
),

by_id as (
    select key, contact_id from keys where key_kind = 'id'
),

by_email as (
    select key, contact_id from keys where key_kind = 'email'
),

resolved as (
    select
        events.event_id,
        coalesce(by_email.contact_id, by_id.contact_id) as contact_id,
        events.name,
        events.occurred_at,
        events.received_at,
        events.amount,
        events.properties
    from events
    left join by_id on events.contact_key = by_id.key
    left join by_email on lower(events.contact_key) = by_email.key
)

select * from resolved
