with

attempts as (
    select * from {{ ref('stg_attempts') }}
),

rolled_up as (
    select
        send_id,
        max(attempt) as attempts,
        min(started_at) as first_started_at,
        min(finished_at) filter (where status = 'sent') as sent_at,
        {{ latest('row(email_hash, status, fault, next_try_at, finished_at)', by=['attempt']) }}
            as last_try
    from attempts
    group by send_id
),

last_tries as (
    select
        send_id,
        last_try[1] as email_hash,
        last_try[2] as status,
        last_try[3] as fault,
        last_try[4] as next_try_at,
        last_try[5] as finished_at,
        attempts,
        first_started_at,
        sent_at
    from rolled_up
)

select
    *,
    -- No further try is made automatically.
    status in ('sent', 'rejected', 'unknown')
    or (status = 'failed' and next_try_at is null) as is_settled
from last_tries
