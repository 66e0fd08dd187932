with

contacts as (
    select contact_id, email from {{ ref('contacts') }}
),

consent as (
    select contact_id, consent, opted_in_at, opted_out_at from {{ ref('contact_consent') }}
),

tracking as (
    select * from {{ ref('stg_tracking') }}
),

attempts as (
    select * from {{ ref('stg_attempts') }}
),

decisions as (
    select step_decision_id as send_id, contact_id, decision, decided_at
    from {{ ref('step_decisions') }}
),

from_tracking as (
    select
        coalesce(tracking.email, contacts.email) as email,
        case tracking.type when 'complained' then 'complaint' else 'hard bounce' end as reason,
        tracking.occurred_at as since,
        'all' as scope
    from tracking
    left join decisions on tracking.send_id = decisions.send_id
    left join contacts on decisions.contact_id = contacts.contact_id
    where tracking.type = 'complained'
        or (tracking.type = 'bounced' and tracking.bounce_type = 'hard')
),

from_attempts as (
    select
        contacts.email,
        'hard bounce' as reason,
        attempts.finished_at as since,
        'all' as scope
    from attempts
    inner join decisions on attempts.send_id = decisions.send_id
    inner join contacts on decisions.contact_id = contacts.contact_id
    where attempts.status = 'rejected' and attempts.fault = 'recipient'
),

from_contacts as (
    select
        contacts.email,
        'unsubscribed' as reason,
        consent.opted_out_at as since,
        'marketing' as scope
    from consent
    inner join contacts on consent.contact_id = contacts.contact_id
    where consent.consent = 'opted_out' and consent.opted_out_at is not null
),

from_sequences as (
    select
        contacts.email,
        'unengaged' as reason,
        decisions.decided_at as since,
        'marketing' as scope
    from decisions
    inner join contacts on decisions.contact_id = contacts.contact_id
    inner join consent on decisions.contact_id = consent.contact_id
    where decisions.decision = 'suppress'
        -- Who opts in again after having been let go is back.
        and (consent.opted_in_at is null or consent.opted_in_at <= decisions.decided_at)
),

reasons as (
    select * from from_tracking
    union all
    select * from from_attempts
    union all
    select * from from_contacts
    union all
    select * from from_sequences
)

select
    {{ hash_email('email') }} as email_hash,
    reason,
    min(since) as since,
    scope
from reasons
where email is not null
group by email_hash, reason, scope
