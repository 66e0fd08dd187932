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

readings as (
    select * from {{ ref('address_readings') }}
),

---------- second addresses, and addresses of unclear cells
further_addresses as (
    select contact_id, address from {{ ref('contact_addresses') }}
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
        {{ certain_address('lists.email') }} as address,
        case
            when lists.said <> 'import_in' then {{ possible_addresses('lists.email') }}
        end as refused_addresses,
        row_number() over (
            partition by lists.consent_id, lists.said in ('opt_out', 'complained')
            order by lists.received_at desc, lists.file_no desc, lists.line desc
        ) as recency
    from lists
    left join readings on lists.email = readings.cell
),

refused_in_list as (
    select *, unnest(refused_addresses) as refused_address from list_statements
),

---------- only the few keys with statements are looked up
stated_keys as (
    select unnest({{ each_address('key', 'addresses') }}) as key from events
    union
    select unnest({{ each_address('email', 'addresses') }}) as key
    from tracking
    where type in {{ sql_list(tracking_types('consent')) }}
    union
    select refused_address as key from refused_in_list
),

speaking as (
    select keys.*
    from keys
    semi join stated_keys on keys.key = stated_keys.key
),

---------- one text can be a key of several kinds, and an address can be a second address of several
---------- contacts: a refusal counts for every contact of it
key_owners as (
    select key, contact_id from speaking
    union
    select further_addresses.address as key, further_addresses.contact_id
    from further_addresses
    semi join stated_keys on further_addresses.address = stated_keys.key
),

address_owners as (
    select key, contact_id from speaking where key_kind = 'email'
    union
    select address as key, contact_id from further_addresses
),

---------- a refusal in a list counts for its record and its addresses, a consent for one of them
list_contacts as (
    select list_statements.*, by_id.contact_id
    from list_statements
    inner join keys as by_id on by_id.key_kind = 'id' and list_statements.crm_id = by_id.key
    union all by name
    select list_statements.*, by_email.contact_id
    from list_statements
    left join keys as by_id on by_id.key_kind = 'id' and list_statements.crm_id = by_id.key
    inner join keys as by_email
        on by_email.key_kind = 'email' and list_statements.address = by_email.key
    where list_statements.said = 'import_in' and by_id.key is null
    union all by name
    select refused_in_list.* exclude (refused_address), address_owners.contact_id  -- noqa: RF02
    from refused_in_list
    inner join address_owners on refused_in_list.refused_address = address_owners.key
),

list_opt_outs as (
    select
        contact_id,
        'opt_out' as said,
        max(coalesce(least(said_at, received_at), received_at)) as said_at,
        'consent ' || consent_id as evidence,
        source
    from list_contacts
    where said in ('opt_out', 'complained')
    group by contact_id, consent_id, source
),

list_states as (
    select distinct
        contact_id,
        said,
        coalesce(said_at, received_at) as said_at,
        'consent ' || consent_id as evidence,
        source
    from list_contacts
    where said in ('import_in', 'import_out') and recency = 1
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
        addresses,
        -- A sender's clock that runs ahead must not outrank later statements.
        least(occurred_at, received_at) as said_at,
        case
            when name = 'unsubscribed' then 'opt_out'
            when name = 'subscribed' then 'subscribed'
            else 'opt_in'
        end as said
    from events
),

refused_words as (
    select *, unnest({{ each_address('key', 'addresses') }}) as refused_key
    from words_in_events
    where said = 'opt_out'
),

refused_in_events as (
    select distinct
        key_owners.contact_id,
        words.said,
        words.said_at,
        'event ' || words.event_id as evidence,
        'events' as source
    from refused_words as words
    inner join key_owners on words.refused_key = key_owners.key
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

---------- the contact of the send, else the contacts of the address
refused_trackings as (
    select *, unnest({{ each_address('email', 'addresses') }}) as refused_address
    from tracking
    where type in {{ sql_list(tracking_types('refusal')) }}
),

refused_in_tracking as (
    select distinct
        coalesce(sends.contact_id, key_owners.contact_id) as contact_id,
        'opt_out' as said,
        least(tracking.occurred_at, tracking.received_at) as said_at,
        tracking.type || ' ' || tracking.event_id as evidence,
        tracking.provider as source
    from refused_trackings as tracking
    left join sends on tracking.send_id = sends.send_id
    left join key_owners on sends.send_id is null and tracking.refused_address = key_owners.key
    where coalesce(sends.contact_id, key_owners.contact_id) is not null
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
