{#- Refusals that are not certainly those of a contact or of an address: their id names no known
    contact, and their cell has no certain address. -#}
with

keys as (
    select key_kind, key, contact_id, found_in from {{ ref('contact_identities') }}
),

lists as (
    select *
    from {{ ref('input_consents') }}
    where said in ('opt_out', 'complained', 'bounced', 'import_out')
),

readings as (
    select * from {{ ref('address_readings') }}
),

events as (
    select event_id, key, addresses, is_certain, received_at
    from {{ ref('consent_events') }}
    where name = 'unsubscribed'
),

tracking as (
    select event_id, send_id, addresses, is_certain, type, provider, received_at
    from {{ ref('stg_tracking') }}
    where type in {{ sql_list(tracking_types('refusal')) }}
),

cells as (
    select event_id, email as cell from {{ source('tracking', 'tracking') }}
),

sends as (
    select send_id from {{ ref('decided_sends') }}
),

---------- a contact that only events named, by an id, is not known
known_contacts as (
    select distinct contact_id
    from keys
    where key_kind = 'email' or found_in = 'crm'
),

known_keys as (
    select
        keys.key,
        bool_or(keys.key_kind = 'id') as is_id
    from keys
    inner join known_contacts on keys.contact_id = known_contacts.contact_id
    group by keys.key
),

from_lists as (
    select
        lists.source,
        lists.said,
        lists.consent_id as statement_id,
        lists.received_at,
        lists.email as cell,
        {{ possible_addresses('lists.email') }} as addresses,
        coalesce(readings.is_certain, true) as is_certain,
        lists.crm_id as known_by,
        known_keys.key is not null as is_known
    from lists
    left join known_keys on known_keys.is_id and lists.crm_id = known_keys.key
    left join readings on lists.email = readings.cell
),

from_events as (
    select
        'events' as source,
        'opt_out' as said,
        events.event_id as statement_id,
        events.received_at,
        case when contains(events.key, '@') or len(events.addresses) > 0 then events.key end
            as cell,
        events.addresses,
        events.is_certain,
        events.key as known_by,
        known_keys.key is not null as is_known
    from events
    left join known_keys on events.key = known_keys.key
),

from_tracking as (
    select
        tracking.provider as source,
        case tracking.type when 'unsubscribed' then 'opt_out' else tracking.type end as said,
        tracking.event_id as statement_id,
        tracking.received_at,
        cells.cell,
        tracking.addresses,
        tracking.is_certain,
        cast(null as varchar) as known_by,
        sends.send_id is not null as is_known
    from tracking
    left join cells on tracking.event_id = cells.event_id
    left join sends on tracking.send_id = sends.send_id
),

refusals as (
    select * from from_lists
    union all
    select * from from_events
    union all
    select * from from_tracking
),

judged as (
    select
        *,
        len(addresses) > 0 and is_certain as is_readable,
        case
            when len(addresses) > 0 then 'address is uncertain'
            when nullif(cell, '') is not null then 'address cannot be read'
            when known_by is not null then 'unknown contact id'
            else 'no address and no contact'
        end as reason
    from refusals
),

---------- one statement is in many exports, and one of them may name a contact
statements as (
    select
        source,
        said,
        statement_id,
        {{ latest('reason', by=['received_at', 'reason']) }} as reason,
        {{ latest('cell', by=['received_at', 'cell']) }} as cell,
        {{ latest('known_by', by=['received_at', 'known_by']) }} as known_by,
        {{ latest('addresses', by=['received_at', 'addresses']) }} as held_addresses,
        min(received_at) as received_at
    from judged
    group by source, said, statement_id
    having not bool_or(is_known or coalesce(is_readable, false))
)

select * from statements
