with

decisions as (
    select * from {{ of_current_contact(ref('step_decisions')) }} where decision = 'send'
),

enrollments as (
    select enrollment_id, fired_at from {{ ref('enrollments') }}
),

steps as (
    select sequence, step, goal_event, goal_seconds from {{ ref('declared_steps') }}
),

attempts as (
    select send_id, sent_at from {{ ref('send_attempts') }}
),

engagement as (
    select * from {{ ref('engagement') }}
),

events as (
    select * from {{ ref('events') }}
),

---------- reactions of the recipients
outcomes as (
    select
        send_id,
        min(occurred_at) filter (where type = 'delivered') as delivered_at,
        min(occurred_at) filter (where type = 'opened' and is_human) as opened_at,
        min(occurred_at) filter (where type = 'opened' and not is_human) as machine_opened_at,
        min(occurred_at) filter (where type = 'clicked' and is_human) as clicked_at,
        min(occurred_at) filter (where type = 'replied') as replied_at,
        min(occurred_at) filter (where type = 'unsubscribed') as unsubscribed_at,
        min(occurred_at) filter (where type = 'complained') as complained_at,
        min(occurred_at) filter (where type = 'bounced') as bounced_at,
        min(occurred_at) filter (
            where type in {{ sql_list(tracking_types('departure')) }}
        ) as seen_at
    from engagement
    where send_id is not null
    group by send_id
),

sends as (
    select
        decisions.send_id,
        decisions.enrollment_id,
        decisions.contact_id,
        decisions.sequence,
        decisions.step,
        decisions.variant,
        decisions.decided_at,
        enrollments.fired_at,
        -- A try with an unknown end counts as sent once an event shows that the message left.
        coalesce(attempts.sent_at, outcomes.seen_at) as sent_at,
        outcomes.delivered_at,
        outcomes.opened_at,
        outcomes.machine_opened_at,
        outcomes.clicked_at,
        outcomes.replied_at,
        outcomes.unsubscribed_at,
        outcomes.complained_at,
        outcomes.bounced_at,
        steps.goal_event,
        steps.goal_seconds
    from decisions
    left join enrollments on decisions.enrollment_id = enrollments.enrollment_id
    left join steps on decisions.sequence = steps.sequence and decisions.step = steps.step
    left join attempts on decisions.send_id = attempts.send_id
    left join outcomes on decisions.send_id = outcomes.send_id
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

---------- a purchase within attribution_days belongs to the contact's last mail before it
touches as (
    select
        events.event_id,
        min(events.amount) as amount,
        {{ latest('sends.send_id', by=['sends.sent_at', 'sends.send_id']) }} as send_id
    from events
    inner join sends
        on events.contact_id = sends.contact_id
            and sends.sent_at <= events.occurred_at
            and events.occurred_at < {{ plus_days('sends.sent_at', parameter('attribution_days')) }}
    where events.name = 'purchase_completed' and events.amount is not null
    group by events.event_id
),

revenues as (
    select send_id, sum(amount) as revenue
    from touches
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
    coalesce(revenues.revenue, 0) as revenue
from sends
left join conversions on sends.send_id = conversions.send_id
left join revenues on sends.send_id = revenues.send_id
