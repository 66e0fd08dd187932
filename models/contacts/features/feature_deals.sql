with

deals as (
    select
        *,
        coalesce(currency, '') as money
    from {{ ref('current_deals') }}
),

---------- amounts in several currencies have no sum: the currency of the newest deal counts
newest as (
    select
        contact_id,
        {{ latest('money', by=['coalesce(created_at, closed_at)', 'deal_id']) }} as money
    from deals
    where amount is not null
    group by contact_id
)

select
    deals.contact_id,
    count(*) filter (where deals.status = 'open') as open_deals,
    coalesce(
        sum(deals.amount) filter (where deals.status = 'open' and deals.money = newest.money), 0
    ) as open_deal_amount,
    count(*) filter (where deals.status = 'won') as won_deals,
    coalesce(
        sum(deals.amount) filter (where deals.status = 'won' and deals.money = newest.money), 0
    ) as won_amount,
    nullif(max(newest.money), '') as deal_currency,
    max(deals.closed_at) filter (where deals.status = 'won') as last_won_at,
    max(deals.closed_at) filter (where deals.status = 'lost') as last_lost_at
from deals
left join newest on deals.contact_id = newest.contact_id
group by deals.contact_id
