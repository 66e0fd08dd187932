with

exported_persons as (
    select *
    from {{ source('pipedrive', 'person') }}
    where _received_at <= {{ known_until() }}
),

exported_deals as (
    select *
    from {{ source('pipedrive', 'deal') }}
    where _received_at <= {{ known_until() }}
),

persons as (
    select
        {{ said('id', 'Person - ID') }} as id,
        lower({{ first_listed(
            said('email', 'Person - Email - Work', 'Person - Email - Home', 'Person - Email - Other'),
            'value'
        ) }}) as email_given,
        {{ said_other_emails(source('pipedrive', 'person'), [
            'email', 'Person - Email - Work', 'Person - Email - Home', 'Person - Email - Other'
        ]) }} as other_emails,
        {{ said('first_name', 'Person - First name') }} as first_name,
        {{ said('last_name', 'Person - Last name') }} as last_name,
        {{ said('job_title', 'Person - Job title') }} as job_title,
        {{ first_listed(
            said('phone', 'Person - Phone - Work', 'Person - Phone - Mobile'), 'value'
        ) }} as phone,
        {{ said('owner_id') }} as owner_id,
        {{ said('Person - Owner') }} as owner_name,
        {{ said('org_id') }} as company_id,
        {{ said('org_name', 'Person - Organization') }} as company_name,
        {{ said_consent(
            'marketing_status', 'Person - Marketing status', 'Person - Marketing consent'
        ) }} as marketing_consent,
        {{ said_any('is_deleted', '_fivetran_deleted') }}
        or not coalesce({{ said_boolean('active_flag') }}, true) as is_deleted,
        {{ said_birthday('Birthday') }} as birthday,
        {{ said_instant('add_time', 'Person - Person created') }} as created_at,
        {{ said_instant('update_time', 'Person - Update time') }} as updated_at,
        {{ bookkeeping() }}
    from exported_persons
),

---------- an export of deals includes each deal's person, with few of the person's columns
persons_of_deals as (
    select
        {{ said('Person - ID') }} as id,
        lower({{ said(
            'Person - Email - Work', 'Person - Email - Home', 'Person - Email - Other'
        ) }})
            as email_given,
        {{ said_other_emails(source('pipedrive', 'deal'), [
            'Person - Email - Work', 'Person - Email - Home', 'Person - Email - Other'
        ]) }} as other_emails,
        {{ said_consent('Person - Marketing consent') }} as marketing_consent,
        {{ said('Organization - ID') }} as company_id,
        {{ bookkeeping() }}
    from exported_deals
),

persons_of_deals_alone as (
    select persons_of_deals.*
    from persons_of_deals
    left join persons
        on
            coalesce(persons_of_deals.id, persons_of_deals.email_given)
            = coalesce(persons.id, persons.email_given)
    where coalesce(persons.id, persons.email_given) is null
),

people as (
    select * from persons
    union all by name
    select * from persons_of_deals_alone
),

contacts as (
    select
        'pipedrive' as source,
        'pipedrive:' || coalesce(id, email_given) as crm_id,
        email_given,
        other_emails,
        first_name,
        last_name,
        job_title,
        phone,
        cast(null as varchar) as country,
        cast(null as varchar) as timezone,
        cast(null as varchar) as language,
        cast(null as varchar) as lifecycle_stage,
        'pipedrive:' || owner_id as owner_id,
        owner_name,
        cast(null as varchar) as owner_email,
        'pipedrive:' || company_id as company_id,
        company_name,
        cast(null as varchar) as external_id,
        cast(null as varchar) as anonymous_id,
        marketing_consent,
        cast(null as timestamptz) as consent_at,
        coalesce(is_deleted, false) as is_deleted,
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
