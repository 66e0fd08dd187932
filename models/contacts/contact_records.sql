with

versions as (
    select * from {{ ref('record_versions') }}
),

readings as (
    select * from {{ ref('address_readings') }}
),

read as (
    select
        versions.*,
        {{ certain_address('versions.email_given') }} as email,
        {{ possible_addresses('versions.email_given') }} as addresses,
        {{ possible_addresses('versions.other_emails', 'other_readings') }} as other_addresses,
        coalesce(other_readings.is_certain, true) as is_other_certain
    from versions
    left join readings on versions.email_given = readings.cell
    left join readings as other_readings on versions.other_emails = other_readings.cell
),

---------- a main address that can be several is not known, but a refusal counts for each
sorted as (
    select
        * exclude (addresses, other_addresses),
        case
            when is_other_certain
                then list_filter(other_addresses, lambda one: one is distinct from email)
            else []
        end as further_addresses,
        list_sort(list_distinct(list_concat(
            case when email is null then addresses else [] end,
            case when is_other_certain then [] else other_addresses end
        ))) as doubtful_addresses
    from read
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
    email,
    nullif(further_addresses, []) as other_emails,
    nullif(doubtful_addresses, []) as possible_emails
from sorted
