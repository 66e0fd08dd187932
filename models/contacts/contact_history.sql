with

records as (
    select * from {{ ref('contact_records') }}
),

keys as (
    select key, contact_id, decided_for from {{ ref('contact_identities') }} where key_kind = 'id'
),

went as (
    select distinct crm_id
    from {{ ref('input_contact_merges') }}
    where merged_into <> crm_id
)

select
    keys.contact_id,
    records.crm_id,
    records.source,
    records.email,
    records.other_emails,
    records.possible_emails,
    {% for column in [
        'email_given', 'first_name', 'last_name', 'job_title', 'phone', 'country', 'timezone',
        'language', 'lifecycle_stage', 'owner_id', 'owner_name', 'owner_email', 'company_id',
        'company_name', 'external_id', 'anonymous_id', 'marketing_consent', 'consent_at',
        'birthday', 'created_at', 'updated_at', 'valid_from', 'valid_to', 'change', 'is_ended',
        'file_no',
    ] -%}
        records.{{ column }},
    {% endfor -%}
    -- A record that its CRM merged away is not the primary record of its new contact. A record that
    -- followed with it, of another CRM for example, can be; after an undone merge, both can.
    keys.decided_for <> keys.contact_id and went.crm_id is not null as is_merged_away
from records
inner join keys on records.crm_id = keys.key
left join went on records.crm_id = went.crm_id
