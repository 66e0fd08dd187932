with

proposals as (
    select * from {{ ref('proposals') }}
)

select sequence, step, position, action, template, goal_event, goal_seconds
from proposals
where kind = 'definition'
