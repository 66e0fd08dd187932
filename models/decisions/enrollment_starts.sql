-- After the refusals: a firing that a start of this tick refuses keeps this reason after a crash.
-- depends_on: {{ ref('enrollment_refusals') }}
with

proposals as (
    select * from {{ ref('sequence_proposals') }} where proposal = 'enroll'
),

decided as (
    select enrollment_id from {{ source('state', 'enrollment_starts') }}
)

select
    proposals.enrollment_id,
    proposals.sequence,
    proposals.contact_id,
    proposals.firing_id,
    proposals.fired_at,
    proposals.decided_at as enrolled_at
from proposals
anti join decided on proposals.enrollment_id = decided.enrollment_id
