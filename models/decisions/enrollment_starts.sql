with

proposals as (
    select * from {{ ref('proposals') }} where kind = 'enroll'
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
