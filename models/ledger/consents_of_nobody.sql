with

refusals as (
    select * from {{ ref('unmatched_refusals') }}
)

select
    source,
    said,
    reason,
    count(*) as statements,
    min(received_at) as first_at,
    max(received_at) as last_at
from refusals
group by source, said, reason
