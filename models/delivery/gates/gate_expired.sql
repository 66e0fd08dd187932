with

candidates as (
    select send_id, expires_at from {{ ref('send_candidates') }}
),

clock as (
    select as_of from {{ source('control', 'clock') }}
)

select candidates.send_id, 'not sent before it expired' as reason
from candidates
cross join clock
where clock.as_of >= candidates.expires_at
