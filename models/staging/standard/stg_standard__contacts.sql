{#- A null column keeps the previous version's value. An empty column clears the value. -#}
with

exported as (
    select * from {{ source('standard', 'contacts') }}
    where _received_at <= {{ known_until() }}
),

filled as (
    select
        trim(contact_id) as contact_id,
        last_value(email ignore nulls) over versions_so_far as email,
        last_value(
            {{ said_other_emails(source('standard', 'contacts'), ['other_emails']) }} ignore nulls
        ) over versions_so_far as other_emails,
        last_value(first_name ignore nulls) over versions_so_far as first_name,
        last_value(last_name ignore nulls) over versions_so_far as last_name,
        last_value(job_title ignore nulls) over versions_so_far as job_title,
        last_value(phone ignore nulls) over versions_so_far as phone,
        last_value(country ignore nulls) over versions_so_far as country,
        last_value(timezone ignore nulls) over versions_so_far as timezone,
        last_value(language ignore nulls) over versions_so_far as language,
        last_value(lifecycle_stage ignore nulls) over versions_so_far as lifecycle_stage,
        last_value(owner_id ignore nulls) over versions_so_far as owner_id,
        last_value(owner_name ignore nulls) over versions_so_far as owner_name,
        last_value(owner_email ignore nulls) over versions_so_far as owner_email,
        last_value(company_id ignore nulls) over versions_so_far as company_id,
        last_value(company_name ignore nulls) over versions_so_far as company_name,
        last_value(external_id ignore nulls) over versions_so_far as external_id,
        last_value(anonymous_id ignore nulls) over versions_so_far as anonymous_id,
        last_value(marketing_consent ignore nulls) over versions_so_far as marketing_consent,
        last_value(is_deleted ignore nulls) over versions_so_far as is_deleted,
        last_value(birthday ignore nulls) over versions_so_far as birthday,
        last_value(created_at ignore nulls) over versions_so_far as created_at,
        last_value(updated_at ignore nulls) over versions_so_far as updated_at,
        -- A consent keeps the date of its own row, or has no date.
        last_value(
            case
                when marketing_consent is not null or consent_at is not null
                    then coalesce(consent_at, '')
            end ignore nulls
        ) over versions_so_far as consent_at,
        _file_id,
        _file_no,
        _line,
        _received_at
    from exported
    window versions_so_far as (
        partition by trim(contact_id)
        order by
            _received_at,
            try_cast(updated_at as timestamptz) nulls first,
            _file_no,
            _line
        rows between unbounded preceding and current row
    )
),

contacts as (
    select
        'standard' as source,
        contact_id as crm_id,
        lower(nullif(trim(email), '')) as email_given,
        other_emails,
        nullif(trim(first_name), '') as first_name,
        nullif(trim(last_name), '') as last_name,
        nullif(trim(job_title), '') as job_title,
        nullif(trim(phone), '') as phone,
        nullif(trim(country), '') as country,
        nullif(trim(timezone), '') as timezone,
        nullif(trim(language), '') as language,
        nullif(trim(lifecycle_stage), '') as lifecycle_stage,
        nullif(trim(owner_id), '') as owner_id,
        nullif(trim(owner_name), '') as owner_name,
        lower(nullif(trim(owner_email), '')) as owner_email,
        nullif(trim(company_id), '') as company_id,
        nullif(trim(company_name), '') as company_name,
        nullif(trim(external_id), '') as external_id,
        nullif(trim(anonymous_id), '') as anonymous_id,
        {{ said_consent('marketing_consent') }} as marketing_consent,
        try_cast(consent_at as timestamptz) as consent_at,
        coalesce({{ said_boolean('is_deleted') }}, false) as is_deleted,
        {{ read_birthday("nullif(trim(birthday), '')") }} as birthday,
        try_cast(created_at as timestamptz) as created_at,
        try_cast(updated_at as timestamptz) as updated_at,
        _file_id as file_id,
        _file_no as file_no,
        _line as line,
        _received_at as received_at
    from filled
)

select * from contacts
