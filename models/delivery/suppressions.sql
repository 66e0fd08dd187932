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
    select key, occurred_at, received_at
    from {{ ref('consent_events') }}
    where name = 'unsubscribed'
),

idn_domains as (
    select * from {{ ref('idn_domains') }}
),

records as (
    select crm_id, email from {{ ref('contact_history') }} where valid_to is null
),

attempts as (
    select * from {{ ref('send_attempts') }}
),

decisions as (
    select contact_id, decided_at
    from {{ of_current_contact(ref('step_decisions')) }}
    where decision = 'suppress'
),

---------- the address that was mailed; the contact can have another address now
from_tracking as (
    select
        coalesce({{ hash_email('tracking.email') }}, attempts.email_hash) as email_hash,
        case tracking.type when 'complained' then 'complaint' else 'hard bounce' end as reason,
        tracking.occurred_at as since,
        'all' as scope
    from tracking
    left join attempts on tracking.send_id = attempts.send_id
    where tracking.type = 'complained'
        or (tracking.type = 'bounced' and tracking.bounce_type = 'hard')
),

from_attempts as (
    select
        email_hash,
        'hard bounce' as reason,
        finished_at as since,
        'all' as scope
    from attempts
    where status = 'rejected' and fault = 'recipient'
),

---------- lists of addresses, or of records with an address
listed as (
    select
        {{ hash_email('coalesce(addressed.address, records.email)') }} as email_hash,
        addressed.said,
        addressed.since
    from (
        select
            lists.crm_id,
            {{ canonical_email('lists.email', 'idn_domains.ascii_domain') }} as address,
            lists.said,
            coalesce(least(lists.said_at, lists.received_at), lists.received_at) as since
        from lists
        left join idn_domains on {{ foreign_domain('lists.email') }} = idn_domains.domain
    ) as addressed
    left join records on addressed.crm_id = records.crm_id
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
        coalesce({{ hash_email('tracking.email') }}, attempts.email_hash) as email_hash,
        tracking.occurred_at as since
    from tracking
    left join attempts on tracking.send_id = attempts.send_id
    where tracking.type = 'unsubscribed'
    union all
    select
        {{ hash_email('key') }} as email_hash,
        least(occurred_at, received_at) as since
    from events
    where {{ looks_like_email('key') }}
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

---------- the address of a contact that refused mail, also when another contact with it agreed
from_contacts as (
    select
        {{ hash_email('contacts.email') }} as email_hash,
        'unsubscribed' as reason,
        coalesce(consent.opted_out_at, consent.imported_out_at) as since,
        'marketing' as scope
    from consent
    inner join contacts on consent.contact_id = contacts.contact_id
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
    select * from from_tracking
    union all
    select * from from_attempts
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
