with

history as (
    select * from {{ ref('contact_history') }}
    where valid_to is null and (other_emails is not null or possible_emails is not null)
),

addresses as (
    select contact_id, crm_id, unnest(other_emails) as address, true as is_certain from history
    union all
    select contact_id, crm_id, unnest(possible_emails) as address, false as is_certain from history
)

select
    contact_id,
    address,
    bool_or(is_certain) as is_certain,
    min(crm_id) as crm_id
from addresses
group by contact_id, address
