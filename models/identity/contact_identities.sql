{{ config(schema='contacts') }}
with

keys as (
    select * from {{ ref('contact_keys') }}
),

aliases as (
    select * from {{ ref('contact_aliases') }}
)

select
    keys.key_kind,
    keys.key,
    coalesce(aliases.canonical_id, keys.contact_id) as contact_id,
    keys.contact_id as decided_for,
    keys.found_in,
    keys.decided_at,
    concat_ws('; ', keys.evidence, aliases.evidence) as evidence
from keys
left join aliases on keys.contact_id = aliases.contact_id
