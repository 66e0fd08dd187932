with

candidates as (
    select send_id, email from {{ ref('send_candidates') }}
)

select send_id, 'the contact has no address that can be mailed' as reason
from candidates
where email is null
