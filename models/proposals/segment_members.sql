{#- Whatever a segment says: distinct, so that one that lists somebody twice harms its own test
    alone; of people who are here, so that nobody stays whom the CRM has let go of. -#}
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
