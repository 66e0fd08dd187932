{#- Ended contacts are left out: contact_features starts from this model, so they are in no segment.
    -#}
with

contacts as (
    select * from {{ ref('contacts') }} where ended_at is null
),

consent as (
    select * from {{ ref('contact_consent') }}
)

select
    contacts.contact_id,
    contacts.email,
    contacts.first_name,
    contacts.last_name,
    contacts.job_title,
    contacts.country,
    contacts.timezone,
    contacts.language,
    contacts.birthday,
    contacts.owner_name,
    contacts.owner_email,
    contacts.created_at,
    contacts.lifecycle_stage as crm_lifecycle_stage,
    consent.consent
from contacts
left join consent on contacts.contact_id = consent.contact_id
