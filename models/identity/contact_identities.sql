{{ config(schema='contacts') }}
with

keys as (
    select * from {{ of_current_contact(ref('contact_keys')) }}
)

select
    key_kind,
    key,
    contact_id,
    decided_for,
    found_in,
    decided_at,
    concat_ws('; ', evidence, merge_evidence) as evidence
from keys
