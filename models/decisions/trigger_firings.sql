-- A build of the firings builds the rearms too; without rearms a threshold fires only once.
-- depends_on: {{ ref('trigger_rearms') }}
{{ config(post_hook="{{ take_in_looks() }}") }}

with

firings as (
    {{ union_folder('triggers', {
        'contact_id': 'varchar',
        'fired_at': 'timestamptz',
        'occurrence': 'varchar',
        'evidence': 'json',
    }, name_as='trigger') }}
),

looks as (
    {{ looks_of_triggers() }}
),

decided as (
    select firing_id from {{ source('state', 'trigger_firings') }}
),

identified as (
    select
        {{ hash_id(['firings.trigger', 'firings.occurrence']) }} as firing_id,
        firings.trigger,
        firings.contact_id,
        firings.fired_at,
        {{ known_until() }} as decided_at,
        firings.evidence
    from firings
    semi join looks on firings.trigger = looks.trigger
    where firings.fired_at is not null
)

select identified.*
from identified
anti join decided on identified.firing_id = decided.firing_id
