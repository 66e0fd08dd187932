with

exported as (
    select * from {{ source('standard', 'contacts') }}
),

known as (
    select
        trim(contact_id) as crm_id,
        lower(trim(nullif(trim(email), ''))) as email_given,
        nullif(trim(first_name), '') as first_name,
        nullif(trim(last_name), '') as last_name,
        nullif(trim(job_title), '') as job_title,
        nullif(trim(country), '') as country,
        nullif(trim(timezone), '') as timezone,
        nullif(trim(language), '') as language,
        nullif(trim(lifecycle_stage), '') as lifecycle_stage,
        nullif(trim(owner_name), '') as owner_name,
        lower(nullif(trim(owner_email), '')) as owner_email,
        nullif(trim(company_id), '') as company_id,
        try_cast(marketing_consent as boolean) as marketing_consent,
        try_cast(consent_at as timestamptz) as consent_at,
        try_cast(created_at as timestamptz) as created_at,
        try_cast(updated_at as timestamptz) as updated_at,
        _received_at as received_at,
        row_number() over (
            partition by trim(contact_id)
            order by
                _received_at desc,
                try_cast(updated_at as timestamptz) desc nulls last,
                _file_id desc,
                _line desc
        ) as recency
    from exported
    where _received_at <= {{ as_of() }}
),

latest as (
    select
        * exclude (recency),
        case when {{ looks_like_email('email_given') }} then email_given end as email
    from known
    where recency = 1
)

select * from latest
