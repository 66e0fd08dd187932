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
        _file_no as file_no,
        _line as line
    from exported
    where _received_at <= {{ as_of() }}
),

---------- what a record said before, and what it says now
compared as (
    select
        *,
        lag(marketing_consent) over (
            partition by crm_id
            order by received_at, updated_at nulls first, file_no, line
        ) as agreed_before,
        row_number() over (
            partition by crm_id
            order by received_at desc, updated_at desc nulls last, file_no desc, line desc
        ) as recency
    from known
),

---------- a dated no, or a yes taken back, is an act; an undated no may be a box nobody ever saw
refusals as (
    select
        crm_id,
        max(coalesce(consent_at, received_at)) as consent_refused_at
    from compared
    where not marketing_consent and (consent_at is not null or agreed_before)
    group by crm_id
),

latest as (
    select
        * exclude (recency, agreed_before, file_no, line),
        case when {{ looks_like_email('email_given') }} then email_given end as email
    from compared
    where recency = 1
),

joined as (
    select
        latest.*,
        refusals.consent_refused_at
    from latest
    left join refusals on latest.crm_id = refusals.crm_id
)

select * from joined
