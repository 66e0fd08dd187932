{#-
    Reads every version of the records: an id that identified no contact identifies none after the
    CRM is cleaned up either. Two duplicates of one person, or a person who moved, are not enough.
-#}
with

records as (
    select source, external_id, crm_id, email
    from {{ ref('contact_records') }}
    where external_id is not null
)

select
    source,
    external_id,
    count(distinct crm_id) as records,
    count(distinct email) as addresses
from records
group by source, external_id
having count(distinct crm_id) > 2 and count(distinct email) > 2
