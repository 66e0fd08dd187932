{#-
    The rules for a machine's open or click. Every hit is kept, so a better rule changes history
    too. A machine is faster than a reader (Mautic: 2 seconds after delivery), sends a HEAD request,
    or has a user agent that names a machine. The bare `Mozilla/5.0` is Apple's Mail Privacy
    Protection, which fetches on delivery. GoogleImageProxy is a person's open through a proxy.
-#}
with

tracking as (
    select * from {{ ref('stg_tracking') }}
),

attempts as (
    select send_id, sent_at from {{ ref('send_attempts') }}
),

sends as (
    select * from {{ ref('decided_sends') }}
),

keys as (
    select key, contact_id from {{ ref('contact_identities') }} where key_kind = 'email'
),

deliveries as (
    select send_id, min(occurred_at) as delivered_at
    from tracking
    where type = 'delivered'
    group by send_id
),

hits as (
    select
        tracking.event_id,
        tracking.send_id,
        sends.enrollment_id,
        coalesce(sends.contact_id, keys.contact_id) as contact_id,
        sends.sequence,
        sends.step,
        tracking.type,
        tracking.occurred_at,
        tracking.received_at,
        tracking.url,
        tracking.user_agent,
        tracking.http_method,
        tracking.bounce_type,
        coalesce(deliveries.delivered_at, attempts.sent_at) as reached_at
    from tracking
    left join sends on tracking.send_id = sends.send_id
    left join keys on tracking.email = keys.key
    left join deliveries on tracking.send_id = deliveries.send_id
    left join attempts on tracking.send_id = attempts.send_id
),

classified as (
    select
        event_id,
        send_id,
        enrollment_id,
        contact_id,
        sequence,
        step,
        type,
        occurred_at,
        received_at,
        url,
        bounce_type,
        case
            when type in {{ sql_list(tracking_types('auto_reply')) }} then 'auto-reply'
            when type not in {{ sql_list(tracking_types('hit')) }} then null
            when http_method = 'HEAD' then 'HEAD request'
            when user_agent = 'Mozilla/5.0' then 'privacy proxy'
            when regexp_matches(lower(user_agent), 'barracuda|proofpoint|safelinks|mimecast')
                then 'user agent'
            when regexp_matches(lower(user_agent), 'bot|crawler|spider|scanner|headless')
                then 'user agent'
            when regexp_matches(lower(user_agent), 'python|curl|wget')
                then 'user agent'
            when {{ seconds_between('reached_at', 'occurred_at') }} < 2 then 'within 2 seconds'
        end as machine_reason
    from hits
)

select
    *,
    machine_reason is null as is_human
from classified
