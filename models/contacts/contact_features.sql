with

---------- whom the CRM has let go of is in no segment
contacts as (
    select * from {{ ref('contacts') }} where ended_at is null
),

consent as (
    select * from {{ ref('contact_consent') }}
),

days as (
    select * from {{ ref('contact_days') }}
),

engagement as (
    select * from {{ ref('engagement') }}
),

clock as (
    select
        {{ utc_day('as_of') }} as today,
        {{ minus_days('as_of', 30) }} as days_ago_30
    from {{ source('control', 'clock') }}
),

---------- what the contact did itself; whole UTC days, today included
done as (
    select
        days.contact_id,
        min(days.first_at) as first_active_at,
        max(days.last_at) as last_event_at,
        coalesce(sum(days.events) filter (where days.day > clock.today - 7), 0) as events_7d,
        coalesce(sum(days.events) filter (where days.day > clock.today - 30), 0) as events_30d,
        coalesce(sum(days.events) filter (where days.day > clock.today - 90), 0) as events_90d,
        min(days.first_at) filter (where days.name = 'signed_up') as trial_started_at,
        min(days.first_at) filter (where days.name = 'setup_completed') as setup_completed_at,
        min(days.first_at) filter (where days.name = 'activated') as activated_at,
        max(days.last_at) filter (where days.name = 'purchase_completed') as last_purchase_at,
        max(days.last_at) filter (where days.name = 'subscription_cancelled') as cancelled_at,
        coalesce(sum(days.events) filter (where days.name = 'purchase_completed'), 0) as purchases,
        coalesce(sum(days.amount) filter (where days.name = 'purchase_completed'), 0) as revenue
    from days
    cross join clock
    group by days.contact_id
),

---------- what the contact did with mail; machines do not count
read as (
    select
        engagement.contact_id,
        max(engagement.occurred_at) as last_engaged_at,
        count(*) filter (
            where engagement.type = 'opened' and engagement.occurred_at > clock.days_ago_30
        ) as opens_30d,
        count(*) filter (
            where engagement.type = 'clicked' and engagement.occurred_at > clock.days_ago_30
        ) as clicks_30d
    from engagement
    cross join clock
    where engagement.is_human
        and engagement.type in ('opened', 'clicked', 'replied')
        and engagement.contact_id is not null
    group by engagement.contact_id
),

joined as (
    select
        contacts.contact_id,
        contacts.email,
        contacts.first_name,
        contacts.last_name,
        contacts.job_title,
        contacts.country,
        contacts.timezone,
        contacts.language,
        contacts.lifecycle_stage,
        contacts.owner_name,
        contacts.owner_email,
        contacts.company_id,
        contacts.company_name,
        contacts.company_industry,
        contacts.company_employees,
        contacts.company_country,
        contacts.created_at,
        consent.consent,
        done.first_active_at,
        done.last_event_at,
        read.last_engaged_at,
        greatest(done.last_event_at, read.last_engaged_at) as last_active_at,
        coalesce(done.events_7d, 0) as events_7d,
        coalesce(done.events_30d, 0) as events_30d,
        coalesce(done.events_90d, 0) as events_90d,
        done.trial_started_at,
        done.setup_completed_at,
        done.activated_at,
        done.last_purchase_at,
        done.cancelled_at,
        coalesce(done.purchases, 0) as purchases,
        coalesce(done.revenue, 0) as revenue,
        coalesce(read.opens_30d, 0) as opens_30d,
        coalesce(read.clicks_30d, 0) as clicks_30d
    from contacts
    left join consent on contacts.contact_id = consent.contact_id
    left join done on contacts.contact_id = done.contact_id
    left join read on contacts.contact_id = read.contact_id
)

select * from joined
