with

candidates as (
    select send_id, email_hash from {{ ref('send_candidates') }}
),

suppressions as (
    select email_hash, min(reason) as reason
    from {{ ref('suppressions') }}
    group by email_hash
)

select candidates.send_id, suppressions.reason
from candidates
inner join suppressions on candidates.email_hash = suppressions.email_hash
