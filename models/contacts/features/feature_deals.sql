with

deals as (
    select * from {{ ref('current_deals') }}
)

select
    contact_id,
    count(*) filter (where status = 'open') as open_deals,
    coalesce(sum(amount) filter (where status = 'open'), 0) as open_deal_amount,
    count(*) filter (where status = 'won') as won_deals,
    coalesce(sum(amount) filter (where status = 'won'), 0) as won_amount,
    max(closed_at) filter (where status = 'won') as last_won_at,
    max(closed_at) filter (where status = 'lost') as last_lost_at
from deals
group by contact_id
