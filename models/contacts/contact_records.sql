with

versions as (
    select * from {{ ref('record_versions') }}
),

idn_domains as (
    select * from {{ ref('idn_domains') }}
),

addressed as (
    select
        versions.*,
        {{ canonical_email('versions.email_given', 'idn_domains.ascii_domain') }} as address
    from versions
    left join idn_domains on {{ foreign_domain('versions.email_given') }} = idn_domains.domain
)

select
    {% for column in [
        'source', 'crm_id', 'email_given', 'first_name', 'last_name', 'job_title', 'phone',
        'country', 'timezone', 'language', 'lifecycle_stage', 'owner_id', 'owner_name',
        'owner_email', 'company_id', 'company_name', 'external_id', 'anonymous_id',
        'marketing_consent', 'consent_at', 'birthday', 'created_at', 'updated_at', 'valid_from', 'valid_to',
        'change', 'is_ended', 'file_no',
    ] -%}
        {{ column }},
    {% endfor -%}
    case when {{ looks_like_email('address') }} then address end as email
from addressed
