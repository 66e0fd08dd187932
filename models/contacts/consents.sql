{#- What was said about consent, by whom and when; contact_consent has the last word. -#}
with

keys as (
    select key_kind, key, contact_id from {{ ref('contact_identities') }}
),

crm as (
    select * from {{ ref('stg_standard__contacts') }}
),

events as (
    select * from {{ ref('events') }}
),

tracking as (
    select * from {{ ref('stg_tracking') }}
),

sends as (
    select send_id, contact_id from {{ ref('decided_sends') }}
),

from_crm as (
    select
        keys.contact_id,
        case when crm.marketing_consent then 'import_in' else 'import_out' end as said,
        coalesce(crm.consent_at, crm.received_at) as said_at,
        'crm ' || crm.crm_id as evidence
    from crm
    inner join keys on keys.key_kind = 'id' and crm.crm_id = keys.key
    where crm.marketing_consent is not null
),

refused_in_crm as (
    select
        keys.contact_id,
        'opt_out' as said,
        crm.consent_refused_at as said_at,
        'crm ' || crm.crm_id as evidence
    from crm
    inner join keys on keys.key_kind = 'id' and crm.crm_id = keys.key
    where crm.consent_refused_at is not null
),

---------- a clock that runs ahead must not outrank what is said later
from_events as (
    select
        contact_id,
        case
            when name = 'unsubscribed' then 'opt_out'
            when name = 'subscribed' then 'subscribed'
            else 'opt_in'
        end as said,
        least(occurred_at, received_at) as said_at,
        'event ' || event_id as evidence
    from events
    where name in ('subscribed', 'unsubscribed')
        or (
            name in {{ sql_list(var('consent_events')) }}
            and try_cast({{ json_text('properties', 'marketing_consent') }} as boolean)
        )
),

from_tracking as (
    select
        coalesce(sends.contact_id, keys.contact_id) as contact_id,
        case when tracking.type = 'subscribed' then 'subscribed' else 'opt_out' end as said,
        least(tracking.occurred_at, tracking.received_at) as said_at,
        tracking.type || ' ' || tracking.event_id as evidence
    from tracking
    left join sends on tracking.send_id = sends.send_id
    left join keys on keys.key_kind = 'email' and tracking.email = keys.key
    where tracking.type in ('unsubscribed', 'subscribed', 'complained')
        and coalesce(sends.contact_id, keys.contact_id) is not null
)

select * from from_crm
union all
select * from refused_in_crm
union all
select * from from_events
union all
select * from from_tracking
