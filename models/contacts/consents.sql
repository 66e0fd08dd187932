{#- What was said about consent, by whom and when; contact_consent has the last word. -#}
with

keys as (
    select key_kind, key, contact_id from {{ ref('contact_keys') }}
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
    select step_decision_id as send_id, contact_id from {{ source('state', 'step_decisions') }}
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

answers as (
    select
        event_id,
        contact_id,
        occurred_at,
        try_cast({{ json_text('properties', 'marketing_consent') }} as boolean) as is_agreed
    from events
),

from_events as (
    select
        contact_id,
        case when is_agreed then 'opt_in' else 'opt_out' end as said,
        occurred_at as said_at,
        'event ' || event_id as evidence
    from answers
    where is_agreed is not null
),

from_tracking as (
    select
        coalesce(sends.contact_id, keys.contact_id) as contact_id,
        case when tracking.type = 'subscribed' then 'opt_in' else 'opt_out' end as said,
        tracking.occurred_at as said_at,
        tracking.type || ' ' || tracking.event_id as evidence
    from tracking
    left join sends on tracking.send_id = sends.send_id
    left join keys on keys.key_kind = 'email' and tracking.email = keys.key
    where tracking.type in ('unsubscribed', 'subscribed', 'complained')
        and coalesce(sends.contact_id, keys.contact_id) is not null
)

select * from from_crm
union all
select * from from_events
union all
select * from from_tracking
