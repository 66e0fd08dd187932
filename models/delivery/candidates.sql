with

decisions as (
    select * from {{ ref('step_decisions') }} where decision = 'send'
),

contacts as (
    select contact_id, email from {{ ref('contacts') }}
),

attempts as (
    select * from {{ ref('stg_attempts') }}
),

expired as (
    select send_id from {{ source('state', 'gate_stops') }} where gate = 'expired'
),

broadcasts as (
    select distinct sequence from {{ ref('steps') }} where step = 'broadcast'
),

clock as (
    select as_of from {{ source('control', 'clock') }}
),

last_attempts as (
    select
        send_id,
        max_by(status, attempt) as status,
        max_by(next_try_at, attempt) as next_try_at
    from attempts
    group by send_id
),

candidates as (
    select
        decisions.step_decision_id as send_id,
        decisions.enrollment_id,
        decisions.contact_id,
        contacts.email,
        decisions.sequence,
        decisions.step,
        decisions.variant,
        decisions.template,
        decisions.due_at as scheduled_at,
        decisions.expires_at,
        -- A sequence answers what somebody just did; a broadcast can wait behind it.
        case when broadcasts.sequence is null then 10 else 20 end as priority
    from decisions
    cross join clock
    left join contacts on decisions.contact_id = contacts.contact_id
    left join broadcasts on decisions.sequence = broadcasts.sequence
    left join last_attempts on decisions.step_decision_id = last_attempts.send_id
    anti join expired on decisions.step_decision_id = expired.send_id
    where last_attempts.send_id is null
        or (
            last_attempts.status in ('deferred', 'failed')
            and last_attempts.next_try_at <= clock.as_of
        )
)

select * from candidates
