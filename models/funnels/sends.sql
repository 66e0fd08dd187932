with

outcomes as (
    select * from {{ ref('send_outcomes') }}
),

enrollments as (
    select enrollment_id, fired_at from {{ ref('enrollments') }}
),

steps as (
    select sequence, step, goal_event, goal_seconds from {{ ref('declared_steps') }}
),

events as (
    select * from {{ ref('events') }}
),

revenues as (
    select * from {{ ref('revenue') }}
),

sends as (
    select
        outcomes.*,
        enrollments.fired_at,
        steps.goal_event,
        steps.goal_seconds
    from outcomes
    left join enrollments on outcomes.enrollment_id = enrollments.enrollment_id
    left join steps on outcomes.sequence = steps.sequence and outcomes.step = steps.step
),

---------- a reached goal belongs to the last mail before it, once for each run
reached as (
    select
        events.event_id,
        min(events.occurred_at) as occurred_at,
        min(events.position) as position,
        {{ latest('sends.send_id', by=['sends.sent_at', 'sends.send_id']) }} as send_id
    from sends
    inner join events
        on sends.contact_id = events.contact_id
            and sends.goal_event = events.name
            and sends.sent_at <= events.occurred_at
            and (
                sends.goal_seconds is null
                or {{ seconds_between('sends.fired_at', 'events.occurred_at') }}
                < sends.goal_seconds
            )
    group by events.event_id, sends.sequence
),

goals as (
    select
        reached.send_id,
        reached.occurred_at,
        row_number() over (
            partition by sends.enrollment_id
            order by reached.occurred_at, reached.position, reached.event_id
        ) as nth
    from reached
    inner join sends on reached.send_id = sends.send_id
),

conversions as (
    select send_id, occurred_at as converted_at
    from goals
    where nth = 1
),

---------- revenue in several currencies has no sum
totals as (
    select
        send_id,
        case when count(*) = 1 then min(currency) end as currency,
        case when count(*) = 1 then min(revenue) end as revenue
    from revenues
    group by send_id
)

select
    sends.send_id,
    sends.enrollment_id,
    sends.contact_id,
    sends.sequence,
    sends.step,
    sends.variant,
    sends.decided_at,
    sends.sent_at,
    sends.delivered_at,
    sends.opened_at,
    sends.machine_opened_at,
    sends.clicked_at,
    sends.replied_at,
    conversions.converted_at,
    sends.unsubscribed_at,
    sends.complained_at,
    sends.bounced_at,
    totals.currency,
    case when totals.send_id is null then 0 else totals.revenue end as revenue
from sends
left join conversions on sends.send_id = conversions.send_id
left join totals on sends.send_id = totals.send_id
