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

revenues as (
    select send_id, currency, revenue from {{ ref('revenue') }}
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
        decisions.send_id,
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
        cast(null as varchar) as currency,
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
        count(*) filter (where is_dropped) as dropped
    from reached
    group by sequence, step, variant, enrolled_on
),

paid as (
    select
        reached.sequence,
        reached.step,
        reached.variant,
        reached.enrolled_on,
        revenues.currency,
        sum(revenues.revenue) as revenue
    from reached
    inner join revenues on reached.send_id = revenues.send_id
    group by
        reached.sequence, reached.step, reached.variant, reached.enrolled_on, revenues.currency
),

---------- runs are counted in the row without a currency, and money in the row of its currency
totals as (
    select
        counted.* exclude (sequence, step, variant, enrolled_on, currency),  -- noqa: RF02
        coalesce(counted.sequence, paid.sequence) as sequence,
        coalesce(counted.step, paid.step) as step,
        coalesce(counted.variant, paid.variant) as variant,
        coalesce(counted.enrolled_on, paid.enrolled_on) as enrolled_on,
        paid.currency,
        paid.revenue
    from counted
    full join paid
        on counted.sequence = paid.sequence
            and counted.step = paid.step
            and counted.variant = paid.variant
            and counted.enrolled_on = paid.enrolled_on
            and counted.currency is not distinct from paid.currency
)

select
    totals.sequence,
    totals.step,
    steps.position,
    totals.variant,
    totals.enrolled_on,
    totals.currency,
    coalesce(totals.entered, 0) as entered,
    coalesce(totals.sent, 0) as sent,
    coalesce(totals.delivered, 0) as delivered,
    coalesce(totals.opened, 0) as opened,
    coalesce(totals.machine_opened, 0) as machine_opened,
    coalesce(totals.clicked, 0) as clicked,
    coalesce(totals.replied, 0) as replied,
    coalesce(totals.converted, 0) as converted,
    coalesce(totals.unsubscribed, 0) as unsubscribed,
    coalesce(totals.complained, 0) as complained,
    coalesce(totals.bounced, 0) as bounced,
    coalesce(totals.dropped, 0) as dropped,
    coalesce(totals.revenue, 0) as revenue
from totals
left join steps on totals.sequence = steps.sequence and totals.step = steps.step
