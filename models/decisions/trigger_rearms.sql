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

ended as (
    select
        occurrence as firing_id,
        trigger,
        contact_id,
        {{ known_until() }} as decided_at,
        evidence
    from proposals
    where fired_at is null
)

select ended.*
from ended
anti join decided on ended.firing_id = decided.firing_id
