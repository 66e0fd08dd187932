{#- Every gate looks at every candidate; the frequency cap only at what nothing else stops. -#}
with

candidates as (
    select * from {{ ref('candidates') }}
),

consent as (
    select contact_id, consent from {{ ref('contact_consent') }}
),

suppressions as (
    select email_hash, min(reason) as reason
    from {{ ref('suppressions') }}
    group by email_hash
),

exits as (
    select enrollment_id, exit_reason
    from {{ ref('enrollment_exits') }}
    where exit_reason <> 'completed'
),

attempts as (
    select * from {{ ref('stg_attempts') }}
),

decisions as (
    select step_decision_id as send_id, contact_id from {{ ref('step_decisions') }}
),

clock as (
    select as_of from {{ source('control', 'clock') }}
),

---------- the gates
address_gate as (
    select send_id, 'address' as gate, 'the contact has no address that can be mailed' as reason
    from candidates
    where email is null
),

consent_gate as (
    select
        candidates.send_id,
        'consent' as gate,
        'consent is ' || coalesce(consent.consent, 'unknown') as reason
    from candidates
    left join consent on candidates.contact_id = consent.contact_id
    where consent.consent is null or consent.consent <> 'opted_in'
),

suppression_gate as (
    select candidates.send_id, 'suppression' as gate, suppressions.reason
    from candidates
    inner join suppressions on {{ hash_email('candidates.email') }} = suppressions.email_hash
),

exit_gate as (
    select candidates.send_id, 'exit' as gate, 'left the sequence: ' || exits.exit_reason as reason
    from candidates
    inner join exits on candidates.enrollment_id = exits.enrollment_id
),

expiry_gate as (
    select candidates.send_id, 'expired' as gate, 'not sent by the time it was of use' as reason
    from candidates
    cross join clock
    where clock.as_of >= candidates.expires_at
),

stopped as (
    select * from address_gate
    union all
    select * from consent_gate
    union all
    select * from suppression_gate
    union all
    select * from exit_gate
    union all
    select * from expiry_gate
),

---------- what a contact has had lately, and whose turn it is among what is due now
recently as (
    select
        decisions.contact_id,
        count(distinct attempts.send_id) as sends
    from attempts
    cross join clock
    inner join decisions on attempts.send_id = decisions.send_id
    where attempts.status in ('sent', 'unknown', 'attempting')
        and attempts.started_at > {{ minus_days('clock.as_of', parameter('frequency_cap_days')) }}
    group by decisions.contact_id
),

queued as (
    select
        candidates.send_id,
        coalesce(recently.sends, 0) as sends_before,
        row_number() over (
            partition by candidates.contact_id
            order by candidates.priority, candidates.scheduled_at, candidates.send_id
        ) as place
    from candidates
    left join recently on candidates.contact_id = recently.contact_id
    anti join stopped on candidates.send_id = stopped.send_id
),

frequency_gate as (
    select
        send_id,
        'frequency_cap' as gate,
        sends_before || ' sent lately and ' || (place - 1) || ' due before it' as reason
    from queued
    where sends_before + place > {{ parameter('frequency_cap_sends') }}
)

select * from stopped
union all
select * from frequency_gate
