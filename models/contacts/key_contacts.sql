with

keys as (
    select written_key, contact_key from {{ ref('event_keys') }}
),

identities as (
    select key_kind, key, contact_id from {{ ref('contact_identities') }}
),

by_key as (
    select
        identities.key,
        {{ earliest('identities.contact_id', by=key_precedence() + ['identities.contact_id']) }}
            as contact_id
    from identities
    semi join keys on identities.key = keys.contact_key
    group by identities.key
)

select
    keys.written_key,
    keys.contact_key,
    by_key.contact_id
from keys
left join by_key on keys.contact_key = by_key.key
