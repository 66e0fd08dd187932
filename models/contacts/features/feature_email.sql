{#- Opens and clicks by people; machines do not count. -#}
with

clock as (
    select {{ as_of_day() }} as today
),

sends as (
    select * from {{ ref('decided_sends') }}
),

attempts as (
    select send_id, sent_at from {{ ref('send_attempts') }} where sent_at is not null
),

engagement as (
    select * from {{ ref('engagement') }}
    where is_human and type in ('opened', 'clicked', 'replied') and contact_id is not null
),

mailed as (
    select
        sends.contact_id,
        sends.send_id,
        attempts.sent_at,
        row_number() over (
            partition by sends.contact_id order by attempts.sent_at desc, sends.send_id asc
        ) as recency
    from attempts
    inner join sends on attempts.send_id = sends.send_id
),

opened as (
    select distinct send_id from engagement where type = 'opened'
),

received as (
    select
        mailed.contact_id,
        count(*) as emails_received,
        min(mailed.sent_at) as first_emailed_at,
        max(mailed.sent_at) as last_emailed_at,
        {% for n in [30, 90] -%}
            count(*) filter (
                where {{ utc_day('mailed.sent_at') }} > clock.today - {{ n }}
            ) as emails_received_{{ n }}d,
        {% endfor -%}
        count(opened.send_id) filter (where mailed.recency <= 3) as opened_of_last_3
    from mailed
    cross join clock
    left join opened on mailed.send_id = opened.send_id
    group by mailed.contact_id
),

hits as (
    select
        engagement.contact_id,
        engagement.occurred_at,
        engagement.type = 'opened' as is_open,
        engagement.type = 'clicked' as is_click,
        engagement.type = 'replied' as is_reply,
        engagement.url like '%/pricing%' as is_of_pricing,
        clock.today - {{ utc_day('engagement.occurred_at') }} as days_ago
    from engagement
    cross join clock
),

read as (
    select
        contact_id,
        max(occurred_at) as last_engaged_at,
        max(occurred_at) filter (where is_open) as last_opened_at,
        max(occurred_at) filter (where is_click) as last_clicked_at,
        max(occurred_at) filter (where is_click and is_of_pricing) as last_pricing_click_at,
        {% for n in window_days() -%}
            count(*) filter (where is_open and days_ago < {{ n }}) as opens_{{ n }}d,
            count(*) filter (where is_click and days_ago < {{ n }}) as clicks_{{ n }}d,
        {% endfor -%}
        count(*) filter (where is_reply and days_ago < 90) as replies_90d
    from hits
    group by contact_id
)

select
    coalesce(received.contact_id, read.contact_id) as contact_id,
    received.* exclude (contact_id),
    read.* exclude (contact_id)
from received
full join read on received.contact_id = read.contact_id
