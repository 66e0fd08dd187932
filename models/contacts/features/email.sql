{#- Whole windows back from the clock. Opens and clicks of people; machines do not count. -#}
with

clock as (
    select as_of from {{ source('control', 'clock') }}
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
            partition by sends.contact_id order by attempts.sent_at desc, sends.send_id
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
                where mailed.sent_at > {{ minus_days('clock.as_of', n) }}
            ) as emails_received_{{ n }}d,
        {% endfor -%}
        count(opened.send_id) filter (where mailed.recency <= 3) as opened_of_last_3
    from mailed
    cross join clock
    left join opened on mailed.send_id = opened.send_id
    group by mailed.contact_id
),

read as (
    select
        engagement.contact_id,
        max(engagement.occurred_at) as last_engaged_at,
        max(engagement.occurred_at) filter (where engagement.type = 'opened') as last_opened_at,
        max(engagement.occurred_at) filter (where engagement.type = 'clicked') as last_clicked_at,
        max(engagement.occurred_at) filter (
            where engagement.type = 'clicked' and engagement.url like '%/pricing%'
        ) as last_pricing_click_at,
        {% for type, what in [('opened', 'opens'), ('clicked', 'clicks')] -%}
            {%- for n in window_days() -%}
                count(*) filter (
                    where engagement.type = '{{ type }}'
                        and engagement.occurred_at > {{ minus_days('clock.as_of', n) }}
                ) as {{ what }}_{{ n }}d,
            {% endfor -%}
        {%- endfor -%}
        count(*) filter (
            where engagement.type = 'replied'
                and engagement.occurred_at > {{ minus_days('clock.as_of', 90) }}
        ) as replies_90d
    from engagement
    cross join clock
    group by engagement.contact_id
)

select
    *
from received
full join read using (contact_id)
