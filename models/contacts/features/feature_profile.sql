{#- Whom the CRM has let go of is in no segment: contact_features begins with who is here. -#}
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
