{#- Distinct, so that a segment that lists somebody twice harms only its own test. -#}
with

members as (
    {{ union_folder('segments', {'contact_id': 'varchar'}, name_as='segment') }}
)

select distinct segment, contact_id
from members
