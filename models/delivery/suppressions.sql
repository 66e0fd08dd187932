with

contacts as (
    select contact_id, email from {{ ref('contacts') }}
),

consent as (
    select contact_id, consent, subscribed_at, opted_out_at, imported_out_at
    from {{ ref('contact_consent') }}
),

tracking as (
    select * from {{ ref('stg_tracking') }}
),

lists as (
    select * from {{ ref('input_consents') }} where said in ('opt_out', 'complained', 'bounced')
),

events as (
    select addresses, occurred_at, received_at
    from {{ ref('consent_events') }}
    where name = 'unsubscribed'
),

readings as (
    select * from {{ ref('address_readings') }}
),

further_addresses as (
    select contact_id, address from {{ ref('contact_addresses') }}
),

records as (
    select crm_id, email, possible_emails
    from {{ ref('contact_history') }}
    where valid_to is null
),

attempts as (
    select * from {{ ref('send_attempts') }}
),

decisions as (
    select contact_id, decided_at
    from {{ of_current_contact(ref('step_decisions')) }}
    where decision = 'suppress'
),

---------- every address that the cell of an event can mean
tracked as (
    select
        send_id,
        type,
        occurred_at,
        unnest({{ each_address('email', 'addresses') }}) as address
    from tracking
    where type in ('complained', 'unsubscribed')
),

---------- the address that was mailed; the contact can have another address now
from_complaints as (
    select
        coalesce({{ hash_email('tracking.address') }}, attempts.email_hash) as email_hash,
        'complaint' as reason,
        tracking.occurred_at as since,
        'all' as scope
    from tracked as tracking
    left join attempts on tracking.send_id = attempts.send_id
    where tracking.type = 'complained'
),

from_bounces as (
    select
        email_hash,
        'hard bounce' as reason,
        since,
        'all' as scope
    from {{ ref('refused_addresses') }}
    where is_confirmed
),

---------- lists of addresses, or of records with an address; every address that a cell can mean
listed_addresses as (
    select
        coalesce(
            nullif({{ possible_addresses('lists.email') }}, []),
            {{ each_address('records.email', 'records.possible_emails') }}
        ) as addresses,
        lists.said,
        coalesce(least(lists.said_at, lists.received_at), lists.received_at) as since
    from lists
    left join readings on lists.email = readings.cell
    left join records on lists.crm_id = records.crm_id
),

listed_once as (
    select unnest(addresses) as address, said, since from listed_addresses
),

listed as (
    select {{ hash_email('address') }} as email_hash, said, since from listed_once
),

from_lists as (
    select
        email_hash,
        case said when 'complained' then 'complaint' else 'hard bounce' end as reason,
        since,
        'all' as scope
    from listed
    where said in ('complained', 'bounced')
),

---------- addresses that refused mail; the present holder can ask for mail again
holders as (
    select
        {{ hash_email('contacts.email') }} as email_hash,
        max(consent.subscribed_at) as subscribed_at
    from contacts
    inner join consent on contacts.contact_id = consent.contact_id
    group by contacts.email
),

refusals as (
    select
        coalesce({{ hash_email('tracking.address') }}, attempts.email_hash) as email_hash,
        tracking.occurred_at as since
    from tracked as tracking
    left join attempts on tracking.send_id = attempts.send_id
    where tracking.type = 'unsubscribed'
    union all
    select
        {{ hash_email('unnest(addresses)') }} as email_hash,
        least(occurred_at, received_at) as since
    from events
    union all
    select email_hash, since from listed where said = 'opt_out'
),

from_refusals as (
    select
        refusals.email_hash,
        'unsubscribed' as reason,
        refusals.since,
        'marketing' as scope
    from refusals
    left join holders on refusals.email_hash = holders.email_hash
    where holders.subscribed_at is null or holders.subscribed_at <= refusals.since
),

---------- the addresses of a contact that refused mail, also when another contact with one agreed
addresses_of_contacts as (
    select contact_id, email as address from contacts
    union all
    select contact_id, address from further_addresses
),

from_contacts as (
    select
        {{ hash_email('addresses.address') }} as email_hash,
        'unsubscribed' as reason,
        coalesce(consent.opted_out_at, consent.imported_out_at) as since,
        'marketing' as scope
    from consent
    inner join addresses_of_contacts as addresses on consent.contact_id = addresses.contact_id
    where consent.consent = 'opted_out'
),

from_sequences as (
    select
        {{ hash_email('contacts.email') }} as email_hash,
        'unengaged' as reason,
        decisions.decided_at as since,
        'marketing' as scope
    from decisions
    inner join contacts on decisions.contact_id = contacts.contact_id
    inner join consent on contacts.contact_id = consent.contact_id
    -- A contact that asks for mail after the suppression gets mail again.
    where consent.subscribed_at is null or consent.subscribed_at <= decisions.decided_at
),

reasons as (
    select * from from_complaints
    union all
    select * from from_bounces
    union all
    select * from from_lists
    union all
    select * from from_refusals
    union all
    select * from from_contacts
    union all
    select * from from_sequences
)

select
    email_hash,
    reason,
    min(since) as since,
    scope
from reasons
where email_hash is not null
group by email_hash, reason, scope
