with

decisions as (
    select * from {{ source('state', 'step_decisions') }} where decision = 'send'
),

aliases as (
    select * from {{ ref('contact_aliases') }}
)

select
    decisions.send_id,
    decisions.enrollment_id,
    coalesce(aliases.canonical_id, decisions.contact_id) as contact_id,
    decisions.contact_id as decided_for,
    decisions.sequence,
    decisions.step
from decisions
left join aliases on decisions.contact_id = aliases.contact_id
