with

sends as (
    select * from {{ ref('send_outcomes') }} where sent_at is not null
),

purchases as (
    select * from {{ ref('events') }} where name = 'purchase_completed' and amount is not null
),

---------- a purchase within attribution_days belongs to the contact's last mail before it
touches as (
    select
        purchases.event_id,
        min(purchases.currency) as currency,
        min(purchases.amount) as amount,
        {{ latest('sends.send_id', by=['sends.sent_at', 'sends.send_id']) }} as send_id
    from purchases
    inner join sends
        on purchases.contact_id = sends.contact_id
            and sends.sent_at <= purchases.occurred_at
            and purchases.occurred_at
            < {{ plus_days('sends.sent_at', parameter('attribution_days')) }}
    group by purchases.event_id
),

revenues as (
    select
        send_id,
        currency,
        count(*) as purchases,
        sum(amount) as revenue
    from touches
    group by send_id, currency
)

select
    sends.send_id,
    sends.contact_id,
    sends.sequence,
    sends.step,
    sends.variant,
    revenues.currency,
    revenues.purchases,
    revenues.revenue
from revenues
inner join sends on revenues.send_id = sends.send_id
