-- After the starts: a decided step belongs to a run on record.
-- depends_on: {{ ref('enrollment_starts') }}
with

proposals as (
    select * from {{ ref('sequence_proposals') }} where proposal = 'step'
),

decided as (
    select send_id from {{ source('state', 'step_decisions') }}
),

identified as (
    select
        {{ hash_id(['enrollment_id', 'step']) }} as send_id,
        enrollment_id,
        sequence,
        contact_id,
        step,
        action,
        template,
        due_at,
        expires_at,
        decided_at,
        decision,
        'default' as variant,
        reason
    from proposals
)

select identified.*
from identified
anti join decided on identified.send_id = decided.send_id
