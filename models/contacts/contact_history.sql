with

records as (
    select * from {{ ref('contact_records') }}
),

keys as (
    select key, contact_id, decided_for from {{ ref('contact_identities') }} where key_kind = 'id'
)

select
    keys.contact_id,
    records.crm_id,
    records.source,
    records.email,
    {% for column in [
        'email_given', 'first_name', 'last_name', 'job_title', 'phone', 'country', 'timezone',
        'language', 'lifecycle_stage', 'owner_id', 'owner_name', 'owner_email', 'company_id',
        'company_name', 'external_id', 'anonymous_id', 'marketing_consent', 'consent_at',
        'created_at', 'updated_at', 'valid_from', 'valid_to', 'change', 'is_ended',
    ] -%}
        records.{{ column }},
    {% endfor -%}
    -- The record that a CRM merged away does not speak for the contact that it became.
    keys.decided_for <> keys.contact_id as is_merged_away
from records
inner join keys on records.crm_id = keys.key
