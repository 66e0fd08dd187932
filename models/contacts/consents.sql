{#- All statements about consent; contact_consent derives the current state from them. -#}
with

keys as (
    select key_kind, key, contact_id, found_in from {{ ref('contact_identities') }}
),

crm as (
    select * from {{ ref('contact_history') }}
),

lists as (
    select * from {{ ref('input_consents') }} where said <> 'bounced'
),

idn_domains as (
    select * from {{ ref('idn_domains') }}
),

events as (
    select * from {{ ref('consent_events') }}
),

tracking as (
    select * from {{ ref('stg_tracking') }}
),

sends as (
    select send_id, contact_id from {{ ref('decided_sends') }}
),

from_crm as (
    select
        contact_id,
        case when marketing_consent then 'import_in' else 'import_out' end as said,
        coalesce(consent_at, valid_from) as said_at,
        'crm ' || crm_id as evidence,
        source
    from crm
    where valid_to is null and marketing_consent is not null
),

---------- a dated refusal or a withdrawn consent is an opt-out; an undated refusal may be a default
---------- of the CRM. Its date is limited to the export's time of receipt: a date in the future
---------- would block every later request for mail
refusing as (
    select distinct crm_id from crm where not marketing_consent
),

compared as (
    select
        crm.*,
        last_value(crm.marketing_consent ignore nulls) over (
            partition by crm.crm_id
            order by crm.valid_from, crm.valid_to nulls last
            rows between unbounded preceding and 1 preceding
        ) as agreed_before
    from crm
    semi join refusing on crm.crm_id = refusing.crm_id
),

refused_in_crm as (
    select
        contact_id,
        'opt_out' as said,
        max(least(consent_at, valid_from)) as said_at,
        'crm ' || crm_id as evidence,
        source
    from compared
    where not marketing_consent and (consent_at is not null or agreed_before)
    group by contact_id, crm_id, source
),

---------- opt-outs and complaints in a list stay; of the states that a list reports the last counts
list_statements as (
    select
        lists.*,
        coalesce(by_id.contact_id, by_email.contact_id) as contact_id,
        row_number() over (
            partition by lists.consent_id, lists.said in ('opt_out', 'complained')
            order by lists.received_at desc, lists.file_no desc, lists.line desc
        ) as recency
    from lists
    left join idn_domains on {{ foreign_domain('lists.email') }} = idn_domains.domain
    left join keys as by_id on by_id.key_kind = 'id' and lists.crm_id = by_id.key
    left join keys as by_email
        on by_email.key_kind = 'email'
            and {{ canonical_email('lists.email', 'idn_domains.ascii_domain') }} = by_email.key
),

list_opt_outs as (
    select
        contact_id,
        'opt_out' as said,
        max(coalesce(least(said_at, received_at), received_at)) as said_at,
        'consent ' || consent_id as evidence,
        source
    from list_statements
    where said in ('opt_out', 'complained') and contact_id is not null
    group by contact_id, consent_id, source
),

list_states as (
    select
        contact_id,
        said,
        coalesce(said_at, received_at) as said_at,
        'consent ' || consent_id as evidence,
        source
    from list_statements
    where said in ('import_in', 'import_out') and recency = 1 and contact_id is not null
),

---------- only the few keys with statements are looked up
stated_keys as (
    select key from events
    union
    select email as key from tracking where type in {{ sql_list(tracking_types('consent')) }}
),

speaking as (
    select keys.*
    from keys
    semi join stated_keys on keys.key = stated_keys.key
),

---------- an address that moved to another contact: consent counts for its current holder
holders as (
    select email, contact_id
    from crm
    where valid_to is null and email is not null
),

passed_on as (
    select speaking.key as email, min(holders.contact_id) as contact_id
    from speaking
    inner join holders on speaking.key = holders.email
    where speaking.key_kind = 'email'
    group by speaking.key, speaking.contact_id
    having not bool_or(holders.contact_id = speaking.contact_id)
),

words_in_events as (
    select
        event_id,
        contact_id,
        key,
        -- A sender's clock that runs ahead must not outrank later statements.
        least(occurred_at, received_at) as said_at,
        case
            when name = 'unsubscribed' then 'opt_out'
            when name = 'subscribed' then 'subscribed'
            else 'opt_in'
        end as said
    from events
),

---------- one text can be a key of several kinds: an opt-out counts for every contact of it
key_owners as (
    select distinct key, contact_id from speaking
),

refused_in_events as (
    select
        key_owners.contact_id,
        words.said,
        words.said_at,
        'event ' || words.event_id as evidence,
        'events' as source
    from words_in_events as words
    inner join key_owners on words.key = key_owners.key
    where words.said = 'opt_out'
),

---------- anyone can use a browser: a key that is only an anonymous id cannot give consent
browsers as (
    select key
    from speaking
    group by key
    having bool_or(key_kind = 'anonymous_id')
        and bool_and(key_kind = 'anonymous_id' or (key_kind = 'id' and found_in = 'events'))
),

agreed_in_events as (
    select
        coalesce(passed_on.contact_id, words.contact_id) as contact_id,
        words.said,
        words.said_at,
        'event ' || words.event_id as evidence,
        'events' as source
    from words_in_events as words
    anti join browsers on words.key = browsers.key
    left join passed_on on words.key = passed_on.email
    where words.said <> 'opt_out'
),

---------- the contact of the send, else the contact of the address
refused_in_tracking as (
    select
        coalesce(sends.contact_id, key_owners.contact_id) as contact_id,
        'opt_out' as said,
        least(tracking.occurred_at, tracking.received_at) as said_at,
        tracking.type || ' ' || tracking.event_id as evidence,
        tracking.provider as source
    from tracking
    left join sends on tracking.send_id = sends.send_id
    left join key_owners on sends.send_id is null and tracking.email = key_owners.key
    where tracking.type in {{ sql_list(tracking_types('refusal')) }}
        and coalesce(sends.contact_id, key_owners.contact_id) is not null
),

subscribed_in_tracking as (
    select
        coalesce(sends.contact_id, passed_on.contact_id, keys.contact_id) as contact_id,
        'subscribed' as said,
        least(tracking.occurred_at, tracking.received_at) as said_at,
        tracking.type || ' ' || tracking.event_id as evidence,
        tracking.provider as source
    from tracking
    left join sends on tracking.send_id = sends.send_id
    left join keys on keys.key_kind = 'email' and tracking.email = keys.key
    left join passed_on on tracking.email = passed_on.email
    where tracking.type = 'subscribed'
        and coalesce(sends.contact_id, keys.contact_id) is not null
)

select * from from_crm
union all
select * from refused_in_crm
union all
select * from list_opt_outs
union all
select * from list_states
union all
select * from refused_in_events
union all
select * from agreed_in_events
union all
select * from refused_in_tracking
union all
select * from subscribed_in_tracking
