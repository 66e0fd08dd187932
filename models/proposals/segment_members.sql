{#- De-duplicated, so a segment with duplicate rows fails only its own test; limited to contacts
    that still exist. -#}
with

members as (
    {{ union_folder('segments', {'contact_id': 'varchar'}, name_as='segment') }}
),

contacts as (
    select contact_id from {{ ref('contacts') }} where ended_at is null
)

select distinct members.segment, members.contact_id
from members
semi join contacts on members.contact_id = contacts.contact_id
