-- After the steps: a run on record as over has its last step on record.
-- depends_on: {{ ref('step_decisions') }}
with

proposals as (
    select * from {{ ref('sequence_proposals') }} where proposal = 'exit'
),

decided as (
    select enrollment_id from {{ source('state', 'enrollment_exits') }}
)

select
    proposals.enrollment_id,
    proposals.sequence,
    proposals.contact_id,
    proposals.decided_at as exited_at,
    proposals.reason as exit_reason
from proposals
anti join decided on proposals.enrollment_id = decided.enrollment_id
