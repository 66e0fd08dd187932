{#-
    The contact of a key is decided once and kept. A contact that signs up by e-mail today stays the
    same contact when next week's CRM export has it. An address that changes in the CRM keeps its
    history. contact_merges decides that two contacts are one.
-#}
{{ config(post_hook=[
    "{{ look_again(['contacts', 'key_contacts']) }}",
]) }}

with

shared_external_ids as (
    select distinct external_id from {{ ref('shared_external_ids') }}
),

records as (
    select
        records.crm_id,
        records.email,
        records.other_emails,
        -- An id that many people have identifies none of them.
        case when shared.external_id is null then records.external_id end as external_id,
        records.anonymous_id,
        case when records.valid_to is null then 0 else 1 end as age,
        records.valid_from
    from {{ ref('contact_records') }} as records
    left join shared_external_ids as shared on records.external_id = shared.external_id
),

---------- an unchanged record shows no new key
reported_now as (
    select * from records{{ " where false" if not has_changed(ref('contact_records')) }}
),

current_records as (
    select crm_id, email, external_id from reported_now where age = 0
),

---------- the addresses of the records; a second address of two records names neither of them
written_addresses as (
    select crm_id, email, age, false as is_second from reported_now where email is not null
    union all
    select crm_id, unnest(other_emails) as email, age, true as is_second from reported_now
),

sole_addresses as (
    select email
    from written_addresses
    group by email
    having not bool_and(is_second) or count(distinct crm_id) = 1
),

addresses as (
    select written_addresses.*
    from written_addresses
    semi join sole_addresses on written_addresses.email = sole_addresses.email
),

events as (
    select event_id, key, is_address, received_at, occurred_at from {{ ref('key_sightings') }}
),

sightings as (
    select * from {{ ref('anonymous_sightings') }}
),

crm_merges as (
    select crm_id, merged_into from {{ ref('input_contact_merges') }}
),

---------- not materialized: without a new record some kinds of keys are not read
decided as not materialized (
    select key_kind, key, contact_id, found_in from {{ source('state', 'contact_keys') }}
),

known_ids as (
    select key as crm_id, contact_id from decided where key_kind = 'id'
),

known_emails as (
    select key as email, contact_id from decided where key_kind = 'email'
),

known_external_ids as (
    select key as external_id, contact_id from decided where key_kind = 'external_id'
),

known_anonymous_ids as (
    select key as anonymous_id from decided where key_kind = 'anonymous_id'
),

---------- an event can show the user's own id before any CRM record has it
external_owners as (
    select key as external_id, min(contact_id) as contact_id
    from decided
    where key_kind = 'external_id' or (key_kind = 'id' and found_in = 'events')
    group by key
),

---------- a contact keeps an address until its records have another; then the present holder has it
given_up as (
    select records.email, known_ids.contact_id
    from written_addresses as records
    inner join known_ids on records.crm_id = known_ids.crm_id
    group by records.email, known_ids.contact_id
    having min(records.age) = 1
),

kept_emails as (
    select known_emails.email, known_emails.contact_id
    from known_emails
    anti join given_up
        on known_emails.email = given_up.email and known_emails.contact_id = given_up.contact_id
),

taken_over as (
    select records.email, min(known_ids.contact_id) as contact_id
    from current_records as records
    inner join known_ids on records.crm_id = known_ids.crm_id
    group by records.email
),

---------- a new CRM record gets the contact of its external id or address, else a new contact
unseen_records as (
    select
        records.crm_id,
        records.email,
        records.external_id,
        coalesce(
            external_owners.contact_id, kept_emails.contact_id, taken_over.contact_id
        ) as contact_id,
        min(records.crm_id) over (
            partition by coalesce(records.email, chr(31) || records.crm_id)
        ) as first_of_email
    from current_records as records
    anti join known_ids on records.crm_id = known_ids.crm_id
    left join external_owners on records.external_id = external_owners.external_id
    left join kept_emails on records.email = kept_emails.email
    left join taken_over on records.email = taken_over.email
),

by_external_id as (
    select
        *,
        min(first_of_email) over (
            partition by coalesce(external_id, chr(31) || crm_id)
        ) as first_of_external_id
    from unseen_records
),

grouped as (
    select
        *,
        min(first_of_external_id) over (partition by first_of_email) as first_of_group
    from by_external_id
),

record_ids as (
    select
        crm_id,
        coalesce(
            contact_id, min(contact_id) over (partition by first_of_group), first_of_group
        ) as contact_id
    from grouped
),

---------- records that only a merge names
merged_ids as (
    select crm_id from crm_merges
    union
    select merged_into as crm_id from crm_merges where merged_into is not null
),

new_merged_ids as (
    select merged_ids.crm_id
    from merged_ids
    anti join known_ids on merged_ids.crm_id = known_ids.crm_id
    anti join record_ids on merged_ids.crm_id = record_ids.crm_id
),

crm_ids as (
    select crm_id, contact_id from known_ids
    union all
    select crm_id, contact_id from record_ids
),

---------- every address that a record ever had: a main address goes before a second address, and a
---------- present holder before a former holder
new_emails as (
    select
        records.email as key,
        {{ earliest(
            'crm_ids.contact_id', by=['records.is_second', 'records.age', 'crm_ids.contact_id']
        ) }} as contact_id,
        {{ earliest(
            'records.crm_id',
            by=['records.is_second', 'records.age', 'crm_ids.contact_id', 'records.crm_id']
        ) }} as crm_id
    from addresses as records
    anti join known_emails on records.email = known_emails.email
    inner join crm_ids on records.crm_id = crm_ids.crm_id
    group by records.email
),

new_external_ids as (
    select
        records.external_id as key,
        {{ earliest('crm_ids.contact_id', by=['records.age', 'crm_ids.contact_id']) }}
            as contact_id,
        {{ earliest(
            'records.crm_id', by=['records.age', 'crm_ids.contact_id', 'records.crm_id']
        ) }} as crm_id
    from reported_now as records
    anti join known_external_ids on records.external_id = known_external_ids.external_id
    inner join crm_ids on records.crm_id = crm_ids.crm_id
    where records.external_id is not null
    group by records.external_id
),

---------- keys in events that are no keys yet
unseen_in_events as (
    select
        events.key,
        {{ earliest(
            'events.event_id', by=['events.received_at', 'events.occurred_at', 'events.event_id']
        ) }} as event_id,
        coalesce(bool_or(events.is_address), false) as is_address
    from events
    anti join decided on events.key = decided.key
    group by events.key
),

new_in_events as (
    select
        unseen.key,
        unseen.event_id,
        case when unseen.is_address then 'email' else 'id' end as key_kind
    from unseen_in_events as unseen
    anti join record_ids on unseen.key = record_ids.crm_id
    anti join new_merged_ids on unseen.key = new_merged_ids.crm_id
    anti join new_emails on unseen.key = new_emails.key
    anti join new_external_ids on unseen.key = new_external_ids.key
),

---------- an id that is seen only as an anonymous id is no contact of its own
seen_as_anonymous as (
    select anonymous_id from sightings
    union
    select anonymous_id from records where anonymous_id is not null
),

nobodies as (
    select seen_as_anonymous.anonymous_id
    from seen_as_anonymous
    anti join sightings on seen_as_anonymous.anonymous_id = sightings.key
),

new_people as (
    select
        'id' as key_kind,
        crm_id as key,
        contact_id,
        'crm' as found_in,
        'crm record ' || crm_id as evidence
    from record_ids
    union all
    select
        'id' as key_kind,
        crm_id as key,
        crm_id as contact_id,
        'crm' as found_in,
        'a merge in the crm' as evidence
    from new_merged_ids
    union all
    select
        'email' as key_kind,
        key,
        contact_id,
        'crm' as found_in,
        'crm record ' || crm_id as evidence
    from new_emails
    union all
    select
        'external_id' as key_kind,
        key,
        contact_id,
        'crm' as found_in,
        'crm record ' || crm_id as evidence
    from new_external_ids
    union all
    select
        new_in_events.key_kind,
        new_in_events.key,
        case
            when new_in_events.key_kind = 'email'
                then 'c_' || substr({{ hash_id(["'email'", 'new_in_events.key']) }}, 1, 16)
            else new_in_events.key
        end as contact_id,
        'events' as found_in,
        'event ' || new_in_events.event_id as evidence
    from new_in_events
    anti join nobodies on new_in_events.key = nobodies.anonymous_id
),

---------- an anonymous id belongs to the contact that it was first seen with
unclaimed as (
    select sightings.*
    from sightings
    anti join known_anonymous_ids
        on sightings.anonymous_id = known_anonymous_ids.anonymous_id
),

all_people as (
    select key_kind, key, contact_id from decided
    union all
    select key_kind, key, contact_id from new_people
),

people_seen as (
    select all_people.*
    from all_people
    semi join unclaimed on all_people.key = unclaimed.key
),

people_by_key as (
    select key, {{ earliest('contact_id', by=key_precedence() + ['contact_id']) }} as contact_id
    from people_seen
    group by key
),

claims as (
    select
        records.anonymous_id,
        crm_ids.contact_id,
        records.valid_from as learnt_at,
        'crm' as found_in,
        'crm record ' || records.crm_id as evidence
    from records
    inner join crm_ids on records.crm_id = crm_ids.crm_id
    anti join known_anonymous_ids on records.anonymous_id = known_anonymous_ids.anonymous_id
    where records.anonymous_id is not null
    union all
    select
        unclaimed.anonymous_id,
        people_by_key.contact_id,
        unclaimed.received_at as learnt_at,
        'events' as found_in,
        'event ' || unclaimed.event_id as evidence
    from unclaimed
    inner join people_by_key on unclaimed.key = people_by_key.key
),

ranked_claims as (
    select
        *,
        row_number() over (
            partition by anonymous_id order by learnt_at, contact_id, evidence
        ) as place
    from claims
),

new_keys as (
    select key_kind, key, contact_id, found_in, evidence from new_people
    union all
    select 'anonymous_id' as key_kind, anonymous_id as key, contact_id, found_in, evidence
    from ranked_claims
    where place = 1
)

select
    key_kind,
    key,
    contact_id,
    found_in,
    {{ known_until() }} as decided_at,
    evidence
from new_keys
