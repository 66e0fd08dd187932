{{ config(materialized='view') }}
with

history as (
    select * from {{ ref('contact_history') }}
    where valid_to is null and not is_ended
)

select
    crm_id,
    contact_id,
    source,
    email_given,
    email,
    possible_emails,
    valid_from as since
from history
where (email is null and email_given is not null) or possible_emails is not null
