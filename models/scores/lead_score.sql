{#- Fit (who they are) and interest (what they did); interest fades out of the score. -#}
with

features as (
    select * from {{ ref('contact_features') }}
),

decision_makers as (
    select contact_id from {{ ref('decision_makers') }}
),

midsize as (
    select contact_id from {{ ref('it_services_midsize') }}
),

events as (
    select * from {{ ref('events') }}
),

engagement as (
    select * from {{ ref('engagement') }} where is_human and contact_id is not null
),

fit as (
    select
        contact_id,
        'decision maker' as reason,
        20 as points,
        contact_id as evidence
    from decision_makers
    union all
    select
        contact_id,
        'IT company of 50 to 200' as reason,
        15 as points,
        contact_id as evidence
    from midsize
),

interest as (
    select
        contact_id,
        case
            when name = 'demo_booked' then 'booked a demo'
            when name = 'signed_up' then 'signed up'
            when name = 'form_submitted' then 'submitted a form'
            when name = 'page_viewed' then 'looked at pricing'
        end as reason,
        case
            when name = 'demo_booked' then 30
            when name = 'signed_up' then 20
            when name = 'form_submitted' then 10
            else 3
        end as points,
        occurred_at,
        event_id as evidence
    from events
    where name in ('demo_booked', 'signed_up', 'form_submitted')
        or (name = 'page_viewed' and {{ json_text('properties', 'page') }} like '/pricing%')
    union all
    select
        contact_id,
        case when type = 'replied' then 'replied' else 'clicked in a mail' end as reason,
        case when type = 'replied' then 15 else 5 end as points,
        occurred_at,
        event_id as evidence
    from engagement
    where type in ('clicked', 'replied')
)

select
    fit.contact_id,
    fit.reason,
    fit.points,
    features.created_at as since,
    cast(null as timestamptz) as expires_at,
    fit.evidence
from fit
inner join features on fit.contact_id = features.contact_id
union all
select
    contact_id,
    reason,
    points,
    occurred_at as since,
    {{ plus('occurred_at', '60 days') }} as expires_at,
    evidence
from interest
