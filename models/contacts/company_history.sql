{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='company_id',
    post_hook="{{ move_watermarks() }}",
) }}

{{ kept_until_crm_news(record_history(ref('input_companies'), 'company_id', [
    'name',
    'domain',
    'industry',
    'employees',
    'country',
    'annual_revenue',
    'plan',
    'plan_limit',
    'renewal_on',
    'owner_id',
    'created_at',
])) }}
