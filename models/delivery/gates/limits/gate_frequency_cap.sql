{#- How many mails an address gets within some days: `frequency_cap_sends`, `frequency_cap_days`.
    -#}
with

candidates as (
    select * from {{ ref('send_candidates') }}
),

stopped as (
    select send_id from {{ ref('gate_checks') }}
    union all
    select send_id from {{ ref('gate_same_address') }}
),

attempts as (
    select email_hash, first_started_at
    from {{ ref('send_attempts') }}
    where status in ('sent', 'unknown', 'attempting')
),

clock as (
    select as_of from {{ source('control', 'clock') }}
),

recent as (
    select attempts.email_hash, count(*) as sends
    from attempts
    cross join clock
    where attempts.first_started_at
        > {{ minus_days('clock.as_of', parameter('frequency_cap_days')) }}
    group by attempts.email_hash
),

ranked as (
    select
        candidates.send_id,
        coalesce(recent.sends, 0) as sends_before,
        row_number() over (
            partition by candidates.email_hash
            order by candidates.priority, candidates.scheduled_at, candidates.send_id
        ) as place
    from candidates
    left join recent on candidates.email_hash = recent.email_hash
    anti join stopped on candidates.send_id = stopped.send_id
)

select
    send_id,
    sends_before || ' sent lately and ' || (place - 1) || ' due before it' as reason
from ranked
where sends_before + place > {{ parameter('frequency_cap_sends') }}
