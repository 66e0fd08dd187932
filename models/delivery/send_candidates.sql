with

decisions as (
    select * from {{ of_current_contact(ref('step_decisions')) }} where decision = 'send'
),

contacts as (
    select contact_id, email, ended_at from {{ ref('contacts') }}
),

attempts as (
    select * from {{ ref('send_attempts') }}
),

expired as (
    select send_id from {{ source('state', 'gate_stops') }} where gate = 'expired'
),

broadcasts as (
    select distinct sequence from {{ ref('declared_steps') }} where declared_in = 'broadcast'
),

clock as (
    select as_of from {{ source('control', 'clock') }}
),

candidates as (
    select
        decisions.send_id,
        decisions.enrollment_id,
        contacts.contact_id,
        decisions.decided_for,
        contacts.email,
        {{ hash_email('contacts.email') }} as email_hash,
        contacts.ended_at,
        decisions.sequence,
        decisions.step,
        decisions.variant,
        decisions.template,
        decisions.due_at as scheduled_at,
        decisions.expires_at,
        -- A sequence answers what the contact just did; a broadcast can wait.
        case when broadcasts.sequence is null then 10 else 20 end as priority
    from decisions
    cross join clock
    left join contacts on decisions.contact_id = contacts.contact_id
    left join broadcasts on decisions.sequence = broadcasts.sequence
    left join attempts on decisions.send_id = attempts.send_id
    anti join expired on decisions.send_id = expired.send_id
    where attempts.send_id is null
        or (attempts.status in ('deferred', 'failed') and attempts.next_try_at <= clock.as_of)
)

select * from candidates
