with

exported as (
    select *
    from {{ source('klaviyo', 'person') }}
    where _received_at <= {{ known_until() }}
),

profiles as (
    select
        {{ said('id', 'Klaviyo ID') }} as id,
        lower({{ said('email') }}) as email_given,
        {{ said_other_emails(source('klaviyo', 'person'), ['other_emails']) }} as other_emails,
        {{ said('first_name', 'First Name') }} as first_name,
        {{ said('last_name', 'Last Name') }} as last_name,
        {{ said('title') }} as job_title,
        {{ said('phone_number', 'Phone Number') }} as phone,
        {{ said('country') }} as country,
        {{ said_zone('timezone') }} as timezone,
        {{ said('locale') }} as language,
        {{ said('organization') }} as company_name,
        {{ said('external_id') }} as external_id,
        {{ said('anonymous_id') }} as anonymous_id,
        {{ said_consent('Email Marketing Consent', 'custom_accepts_marketing') }} as consent_said,
        ---------- the channels that the contact agreed to: ["email", "sms"]
        lower({{ said('custom_consent') }}) like '%email%' as consent_listed,
        {{ said_listed('Email Suppressions') }} as suppressions,
        {{ said_instant('Email Marketing Consent Timestamp', 'custom_consent_timestamp') }}
            as consent_at,
        {{ said_any('is_deleted', '_fivetran_deleted') }} as is_deleted,
        {{ said_birthday('Birthday') }} as birthday,
        {{ said_instant('created', 'Profile Created On') }} as created_at,
        {{ said_instant('updated') }} as updated_at,
        {{ bookkeeping() }}
    from exported
),

contacts as (
    select
        'klaviyo' as source,
        'klaviyo:' || coalesce(id, email_given) as crm_id,
        email_given,
        other_emails,
        first_name,
        last_name,
        job_title,
        phone,
        country,
        timezone,
        language,
        cast(null as varchar) as lifecycle_stage,
        cast(null as varchar) as owner_id,
        cast(null as varchar) as owner_name,
        cast(null as varchar) as owner_email,
        cast(null as varchar) as company_id,
        company_name,
        external_id,
        anonymous_id,
        ---------- Klaviyo sends no mail to a suppressed profile, whatever its consent
        case
            when suppressions is null then coalesce(consent_said, consent_listed)
            else false
        end as marketing_consent,
        consent_at,
        is_deleted,
        birthday,
        created_at,
        updated_at,
        file_id,
        file_no,
        line,
        received_at
    from profiles
)

select * from contacts
where crm_id is not null
