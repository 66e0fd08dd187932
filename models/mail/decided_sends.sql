with

decisions as (
    select * from {{ of_current_contact(source('state', 'step_decisions')) }}
)

select send_id, enrollment_id, contact_id, decided_for, sequence, step
from decisions
where decision = 'send'
