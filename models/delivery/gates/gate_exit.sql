with

candidates as (
    select send_id, enrollment_id from {{ ref('send_candidates') }}
),

exits as (
    select enrollment_id, exit_reason
    from {{ ref('enrollment_exits') }}
    where exit_reason <> 'completed'
),

---------- a completed run whose exit condition came true while its last mail waited
overtaken as (
    select enrollment_id, reason as exit_reason
    from {{ ref('sequence_proposals') }}
    where proposal = 'overtake'
),

endings as (
    select * from exits
    union all
    select * from overtaken
)

select candidates.send_id, 'left the sequence: ' || endings.exit_reason as reason
from candidates
inner join endings on candidates.enrollment_id = endings.enrollment_id
