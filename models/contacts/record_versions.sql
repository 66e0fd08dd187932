{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='crm_id',
    post_hook="{{ move_watermarks() }}",
) }}

{{ kept_until_crm_news(record_history(ref('input_contacts'), 'crm_id', [
    'email_given',
    'first_name',
    'last_name',
    'job_title',
    'phone',
    'country',
    'timezone',
    'language',
    'lifecycle_stage',
    'owner_id',
    'owner_name',
    'owner_email',
    'company_id',
    'company_name',
    'external_id',
    'anonymous_id',
    'marketing_consent',
    'consent_at',
    'birthday',
    'created_at',
])) }}
