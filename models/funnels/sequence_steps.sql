with

decisions as (
    select * from {{ ref('step_decisions') }}
),

enrollments as (
    select enrollment_id, enrolled_at from {{ ref('enrollments') }}
),

steps as (
    select sequence, step, position from {{ ref('declared_steps') }}
),

sends as (
    select * from {{ ref('sends') }}
),

attempts as (
    select send_id, status, is_settled from {{ ref('send_attempts') }}
),

expired as (
    select send_id from {{ ref('gate_stops') }} where gate = 'expired'
),

reached as (
    select
        decisions.sequence,
        decisions.step,
        decisions.variant,
        {{ utc_day('enrollments.enrolled_at') }} as enrolled_on,
        sends.sent_at,
        sends.delivered_at,
        sends.opened_at,
        sends.machine_opened_at,
        sends.clicked_at,
        sends.replied_at,
        sends.converted_at,
        sends.unsubscribed_at,
        sends.complained_at,
        sends.bounced_at,
        sends.revenue,
        sends.sent_at is null and (
            decisions.decision = 'skip'
            or attempts.status in ('rejected', 'failed') and attempts.is_settled
            or expired.send_id is not null
        ) as is_dropped
    from decisions
    inner join enrollments on decisions.enrollment_id = enrollments.enrollment_id
    left join sends on decisions.send_id = sends.send_id
    left join attempts on decisions.send_id = attempts.send_id
    left join expired on decisions.send_id = expired.send_id
),

counted as (
    select
        sequence,
        step,
        variant,
        enrolled_on,
        count(*) as entered,
        count(sent_at) as sent,
        count(delivered_at) as delivered,
        count(opened_at) as opened,
        count(machine_opened_at) as machine_opened,
        count(clicked_at) as clicked,
        count(replied_at) as replied,
        count(converted_at) as converted,
        count(unsubscribed_at) as unsubscribed,
        count(complained_at) as complained,
        count(bounced_at) as bounced,
        count(*) filter (where is_dropped) as dropped,
        coalesce(sum(revenue), 0) as revenue
    from reached
    group by sequence, step, variant, enrolled_on
)

select
    counted.sequence,
    counted.step,
    steps.position,
    counted.variant,
    counted.enrolled_on,
    counted.entered,
    counted.sent,
    counted.delivered,
    counted.opened,
    counted.machine_opened,
    counted.clicked,
    counted.replied,
    counted.converted,
    counted.unsubscribed,
    counted.complained,
    counted.bounced,
    counted.dropped,
    counted.revenue
from counted
left join steps on counted.sequence = steps.sequence and counted.step = steps.step
