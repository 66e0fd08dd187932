with

contacts as (
    select contact_id from {{ ref('contacts') }}
),

activity as (
    select contact_id, last_event_at from {{ ref('activity') }}
),

email as (
    select contact_id, last_engaged_at from {{ ref('email') }}
)

select
    contacts.contact_id,
    greatest(activity.last_event_at, email.last_engaged_at) as last_active_at
from contacts
left join activity on contacts.contact_id = activity.contact_id
left join email on contacts.contact_id = email.contact_id
