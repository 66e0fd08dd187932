{#-
    Refusals of mail: by the answer of a server to a try, or by a later report of a bounce. An
    address that cannot be mailed at all, such as a@x.test, is refused without a message. The
    rules of senders/bounce_rules.csv say whose fault a text shows. A provider's verdict `hard`
    counts when the rules say nothing.
-#}
with

attempts as (
    select * from {{ ref('send_attempts') }}
),

---------- every address that the cell of an event can mean
tracking as (
    select
        event_id,
        send_id,
        unnest({{ each_address('email', 'addresses') }}) as email,
        bounce_type,
        diagnosis,
        occurred_at
    from {{ ref('stg_tracking') }}
    where type = 'bounced' and bounce_type is distinct from 'soft'
),

sends as (
    select send_id, contact_id from {{ ref('decided_sends') }}
),

contacts as (
    select contact_id, email from {{ ref('contacts') }}
),

---------- a report that names an address only: the last mail to it within seven days before
addressed as (
    select
        tracking.event_id,
        tracking.email,
        {{ latest('attempts.send_id', by=['attempts.sent_at', 'attempts.send_id']) }} as send_id
    from tracking
    inner join attempts
        on {{ hash_email('tracking.email') }} = attempts.email_hash
            and tracking.occurred_at >= attempts.sent_at
            and tracking.occurred_at < {{ plus('attempts.sent_at', '7 days') }}
    where tracking.send_id is null
    group by tracking.event_id, tracking.email
),

bounces as (
    select
        tracking.event_id as refusal_id,
        coalesce(tracking.send_id, addressed.send_id) as send_id,
        {{ hash_email('tracking.email') }} as email_hash,
        split_part(tracking.email, '@', -1) as domain,
        tracking.occurred_at as refused_at,
        coalesce(
            {{ bounce_fault('tracking.diagnosis') }},
            case tracking.bounce_type when 'hard' then 'recipient' else 'sender' end
        ) as fault
    from tracking
    left join addressed
        on tracking.event_id = addressed.event_id and tracking.email = addressed.email
),

answers as (
    select
        send_id as refusal_id,
        send_id,
        email_hash,
        cast(null as varchar) as domain,
        finished_at as refused_at,
        fault
    from attempts
    where status = 'rejected' or (status = 'failed' and fault = 'recipient')
),

refused as (
    select * from bounces
    union all
    select * from answers
),

---------- the address that was mailed; the contact can have another address now
mailed as (
    select
        refused.refusal_id,
        refused.send_id,
        coalesce(refused.email_hash, attempts.email_hash) as email_hash,
        coalesce(
            refused.domain,
            case
                when {{ hash_email('contacts.email') }} = attempts.email_hash
                    then split_part(contacts.email, '@', -1)
            end
        ) as domain,
        -- A try without a message, because the address cannot be mailed, is no word of a provider.
        case
            when attempts.status <> 'failed' then coalesce(attempts.sent_at, attempts.finished_at)
        end as mailed_at,
        refused.refused_at,
        refused.fault
    from refused
    left join attempts on refused.send_id = attempts.send_id
    left join sends on refused.send_id = sends.send_id
    left join contacts on sends.contact_id = contacts.contact_id
)

select
    refusal_id,
    send_id,
    email_hash,
    {{ mail_provider('domain') }} as provider,
    mailed_at,
    refused_at,
    fault
from mailed
where email_hash is not null
