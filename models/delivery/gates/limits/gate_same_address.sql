{#- Two contacts can share an address, or become one contact: the address gets each mail once. -#}
with

candidates as (
    select * from {{ ref('send_candidates') }}
),

stopped as (
    select send_id from {{ ref('gate_checks') }}
),

attempts as (
    select send_id, email_hash
    from {{ ref('send_attempts') }}
    where status in ('sent', 'unknown', 'attempting')
),

sends as (
    select * from {{ ref('decided_sends') }}
),

---------- an earlier tick sent the mail to the address, for another contact
had_already as (
    select attempts.email_hash, sends.sequence, sends.step, sends.decided_for
    from attempts
    inner join sends on attempts.send_id = sends.send_id
),

repeated as (
    select distinct candidates.send_id
    from candidates
    inner join had_already
        on candidates.email_hash = had_already.email_hash
            and candidates.sequence = had_already.sequence
            and candidates.step = had_already.step
            and candidates.decided_for <> had_already.decided_for
),

---------- this tick sends the mail to the address, for another contact
ranked as (
    select
        candidates.send_id,
        row_number() over (
            partition by candidates.email_hash, candidates.sequence, candidates.step
            order by candidates.scheduled_at, candidates.send_id
        ) as place
    from candidates
    anti join stopped on candidates.send_id = stopped.send_id
    anti join repeated on candidates.send_id = repeated.send_id
)

select send_id, 'another contact with this address had it' as reason
from repeated
union all
select send_id, 'another contact with this address gets it now' as reason
from ranked
where place > 1
