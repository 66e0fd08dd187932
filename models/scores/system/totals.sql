with

ledger as (
    select * from {{ ref('ledger') }}
),

clock as (
    select as_of from {{ source('control', 'clock') }}
)

select
    ledger.score,
    ledger.contact_id,
    sum(ledger.points) as points
from ledger
cross join clock
where ledger.since <= clock.as_of
    and (ledger.expires_at is null or clock.as_of < ledger.expires_at)
group by ledger.score, ledger.contact_id
