with

attempts as (
    select * from {{ ref('stg_attempts') }}
),

rolled_up as (
    select
        send_id,
        max(attempt) as attempts,
        min(started_at) as first_started_at,
        min(finished_at) filter (where status = 'sent') as sent_at
    from attempts
    group by send_id
)

select
    attempts.send_id,
    attempts.email_hash,
    attempts.status,
    attempts.fault,
    attempts.next_try_at,
    attempts.finished_at,
    rolled_up.attempts,
    rolled_up.first_started_at,
    rolled_up.sent_at,
    -- Nothing more will come of it by itself.
    attempts.status in ('sent', 'rejected', 'unknown')
    or (attempts.status = 'failed' and attempts.next_try_at is null) as is_settled
from attempts
inner join rolled_up
    on attempts.send_id = rolled_up.send_id and attempts.attempt = rolled_up.attempts
