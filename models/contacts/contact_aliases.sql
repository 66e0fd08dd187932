with

merged as (
    select * from {{ ref('contact_merges') }}
)

select
    contact_id,
    {{ latest('merged_into', by=['decided_at', 'merged_into']) }} as canonical_id
from merged
group by contact_id
