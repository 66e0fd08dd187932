with

decisions as (
    select * from {{ of_current_contact(ref('step_decisions')) }} where decision = 'send'
),

attempts as (
    select send_id, sent_at from {{ ref('send_attempts') }}
),

engagement as (
    select * from {{ ref('engagement') }}
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
)

select
    decisions.send_id,
    decisions.enrollment_id,
    decisions.contact_id,
    decisions.sequence,
    decisions.step,
    decisions.variant,
    decisions.decided_at,
    -- A try with an unknown end counts as sent once an event shows that the message left.
    coalesce(attempts.sent_at, outcomes.seen_at) as sent_at,
    outcomes.delivered_at,
    outcomes.opened_at,
    outcomes.machine_opened_at,
    outcomes.clicked_at,
    outcomes.replied_at,
    outcomes.unsubscribed_at,
    outcomes.complained_at,
    outcomes.bounced_at
from decisions
left join attempts on decisions.send_id = attempts.send_id
left join outcomes on decisions.send_id = outcomes.send_id
