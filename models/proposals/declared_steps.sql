with

proposals as (
    select * from {{ ref('sequence_proposals') }}
)

select sequence, reason as declared_in, step, position, action, template, goal_event, goal_seconds
from proposals
where proposal = 'definition'
