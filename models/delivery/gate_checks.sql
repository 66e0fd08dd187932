{#- Every gate looks at every candidate; the frequency cap only at what nothing else stops. -#}
with

candidates as (
    select * from {{ ref('send_candidates') }}
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

overtaken as (
    select enrollment_id, reason as exit_reason from {{ ref('sequence_proposals') }} where kind = 'overtake'
),

attempts as (
    select * from {{ ref('send_attempts') }} where status in ('sent', 'unknown', 'attempting')
),

decisions as (
    select * from {{ ref('decided_sends') }}
),

clock as (
    select as_of from {{ source('control', 'clock') }}
),

addressed as (
    select *, {{ hash_email('email') }} as email_hash from candidates
),

endings as (
    select * from exits
    union all
    select * from overtaken
),

---------- the gates
address_gate as (
    select send_id, 'address' as gate, 'the contact has no address that can be mailed' as reason
    from candidates
    where email is null
),

contact_ended_gate as (
    select
        send_id,
        'contact_ended' as gate,
        'the CRM has let go of the contact' as reason
    from candidates
    where ended_at is not null
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
    select addressed.send_id, 'suppression' as gate, suppressions.reason
    from addressed
    inner join suppressions on addressed.email_hash = suppressions.email_hash
),

exit_gate as (
    select
        candidates.send_id,
        'exit' as gate,
        'left the sequence: ' || endings.exit_reason as reason
    from candidates
    inner join endings on candidates.enrollment_id = endings.enrollment_id
),

expiry_gate as (
    select candidates.send_id, 'expired' as gate, 'not sent by the time it was of use' as reason
    from candidates
    cross join clock
    where clock.as_of >= candidates.expires_at
),

---------- two contacts may share an address, or have become one: it gets each mail once
had_already as (
    select
        attempts.email_hash,
        decisions.sequence,
        decisions.step,
        decisions.decided_for
    from attempts
    inner join decisions on attempts.send_id = decisions.send_id
),

same_address_gate as (
    select distinct
        addressed.send_id,
        'same_address' as gate,
        'another contact with this address had it' as reason
    from addressed
    inner join had_already
        on addressed.email_hash = had_already.email_hash
            and addressed.sequence = had_already.sequence
            and addressed.step = had_already.step
            and addressed.decided_for <> had_already.decided_for
),

stopped_by_one as (
    select * from address_gate
    union all
    select * from contact_ended_gate
    union all
    select * from consent_gate
    union all
    select * from suppression_gate
    union all
    select * from exit_gate
    union all
    select * from expiry_gate
    union all
    select * from same_address_gate
),

twins as (
    select
        addressed.send_id,
        row_number() over (
            partition by addressed.email_hash, addressed.sequence, addressed.step
            order by addressed.scheduled_at, addressed.send_id
        ) as place
    from addressed
    anti join stopped_by_one on addressed.send_id = stopped_by_one.send_id
),

twin_gate as (
    select
        send_id,
        'same_address' as gate,
        'another contact with this address gets it now' as reason
    from twins
    where place > 1
),

stopped as (
    select * from stopped_by_one
    union all
    select * from twin_gate
),

---------- what an address has had lately, and whose turn it is among what is due now
recently as (
    select
        attempts.email_hash,
        count(*) as sends
    from attempts
    cross join clock
    where attempts.first_started_at
        > {{ minus_days('clock.as_of', parameter('frequency_cap_days')) }}
    group by attempts.email_hash
),

queued as (
    select
        addressed.send_id,
        coalesce(recently.sends, 0) as sends_before,
        row_number() over (
            partition by addressed.email_hash
            order by addressed.priority, addressed.scheduled_at, addressed.send_id
        ) as place
    from addressed
    left join recently on addressed.email_hash = recently.email_hash
    anti join stopped on addressed.send_id = stopped.send_id
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
