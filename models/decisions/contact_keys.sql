{#-
    Who a key belongs to is decided once and kept: somebody who signs up by e-mail today and is in
    next week's CRM export stays the same contact, and an address changed in the CRM keeps its
    history.
-#}
with

crm as (
    select crm_id, email from {{ ref('stg_standard__contacts') }}
),

events as (
    select distinct contact_key from {{ ref('stg_events') }}
),

decided as (
    select key_kind, key, contact_id from {{ source('state', 'contact_keys') }}
),

known_ids as (
    select key as crm_id, contact_id from decided where key_kind = 'id'
),

known_emails as (
    select key as email, contact_id from decided where key_kind = 'email'
),

---------- CRM records not seen before: the contact of their address, else a new one
new_ids as (
    select
        crm.crm_id,
        crm.email,
        coalesce(
            known_emails.contact_id,
            min(crm.crm_id) over (partition by coalesce(crm.email, chr(31) || crm.crm_id))
        ) as contact_id
    from crm
    anti join known_ids on crm.crm_id = known_ids.crm_id
    left join known_emails on crm.email = known_emails.email
),

---------- addresses not seen before: the contact of their CRM record, else a new one
crm_emails as (
    select
        crm.email,
        min(coalesce(known_ids.contact_id, new_ids.contact_id)) as contact_id
    from crm
    anti join known_emails on crm.email = known_emails.email
    left join known_ids on crm.crm_id = known_ids.crm_id
    left join new_ids on crm.crm_id = new_ids.crm_id
    where crm.email is not null
    group by crm.email
),

event_emails as (
    select distinct lower(contact_key) as email
    from events
    where {{ looks_like_email('lower(contact_key)') }}
),

new_event_emails as (
    select
        event_emails.email,
        'c_' || substr({{ hash_id(["'email'", 'event_emails.email']) }}, 1, 16) as contact_id
    from event_emails
    anti join known_emails on event_emails.email = known_emails.email
    anti join crm_emails on event_emails.email = crm_emails.email
),

---------- ids that only events know
new_event_ids as (
    select events.contact_key as crm_id
    from events
    anti join known_ids on events.contact_key = known_ids.crm_id
    anti join new_ids on events.contact_key = new_ids.crm_id
    where not {{ looks_like_email('lower(events.contact_key)') }}
),

new_keys as (
    select 'id' as key_kind, crm_id as key, contact_id, 'crm' as found_in from new_ids
    union all
    select 'email' as key_kind, email as key, contact_id, 'crm' as found_in from crm_emails
    union all
    select 'email' as key_kind, email as key, contact_id, 'events' as found_in from new_event_emails
    union all
    select 'id' as key_kind, crm_id as key, crm_id as contact_id, 'events' as found_in
    from new_event_ids
)

select
    key_kind,
    key,
    contact_id,
    found_in,
    {{ as_of() }} as decided_at
from new_keys
