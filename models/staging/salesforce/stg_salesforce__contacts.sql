with

exported_contacts as (
    select *
    from {{ source('salesforce', 'contact') }}
    where _received_at <= {{ known_until() }}
),

exported_leads as (
    select *
    from {{ source('salesforce', 'lead') }}
    where _received_at <= {{ known_until() }}
),

contact_records as (
    select
        {{ said('id', 'Contact ID') }} as id,
        lower({{ said('email') }}) as email_given,
        {{ said_other_emails(source('salesforce', 'contact'), ['other_emails']) }} as other_emails,
        {{ said('first_name', 'FirstName', 'First Name') }} as first_name,
        {{ said('last_name', 'LastName', 'Last Name') }} as last_name,
        {{ said('title') }} as job_title,
        {{ said('phone', 'mobile_phone', 'MobilePhone', 'Mobile') }} as phone,
        {{ said('mailing_country', 'MailingCountry', 'Mailing Country') }} as country,
        cast(null as varchar) as lifecycle_stage,
        {{ said('account_id', 'AccountId', 'Account ID') }} as account_id,
        {{ said('Account Name') }} as company_name,
        {{ said('owner_id', 'OwnerId') }} as owner_id,
        {{ said('Contact Owner') }} as owner_name,
        {{ said_refusal('has_opted_out_of_email', 'HasOptedOutOfEmail', 'Email Opt Out') }}
            as is_opted_out,
        {{ said_any('is_deleted', 'IsDeleted', '_fivetran_deleted') }} as is_deleted,
        {{ said_birthday('Birthdate') }} as birthday,
        {{ said_instant('created_date', 'CreatedDate', 'Created Date') }} as created_at,
        {{ said_instant(
            'last_modified_date', 'LastModifiedDate', 'Last Modified Date', 'system_modstamp',
            'SystemModstamp'
        ) }} as updated_at,
        {{ bookkeeping() }}
    from exported_contacts
),

lead_records as (
    select
        {{ said('id', 'Lead ID') }} as id,
        lower({{ said('email') }}) as email_given,
        {{ said_other_emails(source('salesforce', 'lead'), ['other_emails']) }} as other_emails,
        {{ said('first_name', 'FirstName', 'First Name') }} as first_name,
        {{ said('last_name', 'LastName', 'Last Name') }} as last_name,
        {{ said('title') }} as job_title,
        {{ said('phone', 'mobile_phone', 'MobilePhone', 'Mobile') }} as phone,
        {{ said('country') }} as country,
        {{ said('status', 'Lead Status') }} as lifecycle_stage,
        cast(null as varchar) as account_id,
        {{ said('company', 'Company / Account') }} as company_name,
        {{ said('owner_id', 'OwnerId') }} as owner_id,
        {{ said('Lead Owner') }} as owner_name,
        {{ said_refusal('has_opted_out_of_email', 'HasOptedOutOfEmail', 'Email Opt Out') }}
            as is_opted_out,
        {{ said_any('is_deleted', 'IsDeleted', '_fivetran_deleted') }} as is_deleted,
        {{ said_birthday('Birthdate') }} as birthday,
        {{ said_instant('created_date', 'CreatedDate', 'Created Date') }} as created_at,
        {{ said_instant(
            'last_modified_date', 'LastModifiedDate', 'Last Modified Date', 'system_modstamp',
            'SystemModstamp'
        ) }} as updated_at,
        {{ bookkeeping() }}
    from exported_leads
),

people as (
    select * from contact_records
    union all
    select * from lead_records
),

contacts as (
    select
        'salesforce' as source,
        'salesforce:' || coalesce({{ salesforce_id('id') }}, email_given) as crm_id,
        email_given,
        other_emails,
        first_name,
        last_name,
        job_title,
        phone,
        country,
        cast(null as varchar) as timezone,
        cast(null as varchar) as language,
        lifecycle_stage,
        'salesforce:' || {{ salesforce_id('owner_id') }} as owner_id,
        owner_name,
        cast(null as varchar) as owner_email,
        'salesforce:' || {{ salesforce_id('account_id') }} as company_id,
        company_name,
        cast(null as varchar) as external_id,
        cast(null as varchar) as anonymous_id,
        ---------- opted out means no; not opted out does not mean yes
        case when is_opted_out then false end as marketing_consent,
        cast(null as timestamptz) as consent_at,
        is_deleted,
        birthday,
        created_at,
        updated_at,
        file_id,
        file_no,
        line,
        received_at
    from people
)

select * from contacts
where crm_id is not null
