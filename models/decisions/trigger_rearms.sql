with

proposals as (
    {{ union_folder('triggers', {
        'contact_id': 'varchar',
        'fired_at': 'timestamptz',
        'occurrence': 'varchar',
        'evidence': 'json',
    }, name_as='trigger') }}
),

decided as (
    select firing_id from {{ source('state', 'trigger_rearms') }}
),

over as (
    select
        occurrence as firing_id,
        trigger,
        contact_id,
        {{ as_of() }} as decided_at,
        evidence
    from proposals
    where fired_at is null
)

select over.*
from over
anti join decided on over.firing_id = decided.firing_id
