with

sightings as (
    select * from {{ ref('anonymous_sightings') }}
),

records as (
    select * from {{ ref('contact_history') }} where anonymous_id is not null
),

keys as (
    select key_kind, key, contact_id from {{ ref('contact_identities') }}
),

by_key as (
    select key, {{ earliest('contact_id', by=key_precedence() + ['contact_id']) }} as contact_id
    from keys
    group by key
),

seen_with as (
    select
        sightings.anonymous_id,
        by_key.contact_id,
        'event ' || sightings.event_id as evidence
    from sightings
    inner join by_key on sightings.key = by_key.key
    union all
    select anonymous_id, contact_id, 'crm record ' || crm_id as evidence from records
),

owners as (
    select key as anonymous_id, contact_id from keys where key_kind = 'anonymous_id'
)

select
    seen_with.anonymous_id,
    owners.contact_id,
    seen_with.contact_id as other_contact_id,
    min(seen_with.evidence) as evidence
from seen_with
inner join owners on seen_with.anonymous_id = owners.anonymous_id
where seen_with.contact_id <> owners.contact_id
group by seen_with.anonymous_id, owners.contact_id, seen_with.contact_id
