with

proposals as (
    select * from {{ ref('sequence_proposals') }} where proposal = 'refuse'
),

decided as (
    select enrollment_id from {{ source('state', 'enrollment_refusals') }}
)

select
    proposals.enrollment_id,
    proposals.sequence,
    proposals.contact_id,
    proposals.firing_id,
    proposals.reason,
    proposals.decided_at
from proposals
anti join decided on proposals.enrollment_id = decided.enrollment_id
