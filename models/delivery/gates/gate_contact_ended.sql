with

candidates as (
    select send_id, ended_at from {{ ref('send_candidates') }}
)

select send_id, 'the contact is deleted in the CRM' as reason
from candidates
where ended_at is not null
