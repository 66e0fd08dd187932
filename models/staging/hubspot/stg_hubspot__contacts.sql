with

exported as (
    select *
    from {{ source('hubspot', 'contact') }}
    where _received_at <= {{ as_of() }}
),

contacts as (
    select
        'hubspot' as source,
        'hubspot:' || coalesce(
            {{ said('id', 'Record ID') }}, lower({{ said('property_email', 'Email') }})
        ) as crm_id,
        lower({{ said('property_email', 'Email') }}) as email_given,
        {{ said('property_firstname', 'First Name') }} as first_name,
        {{ said('property_lastname', 'Last Name') }} as last_name,
        {{ said('property_jobtitle', 'Job Title') }} as job_title,
        {{ said('property_phone', 'property_mobilephone', 'Phone Number') }} as phone,
        {{ said('property_country', 'Country/Region') }} as country,
        {{ said_zone('property_hs_timezone', 'Time Zone') }} as timezone,
        {{ said('property_hs_language', 'Preferred language') }} as language,
        {{ said('property_lifecyclestage', 'Lifecycle Stage') }} as lifecycle_stage,
        'hubspot:' || {{ said('property_hubspot_owner_id') }} as owner_id,
        {{ said('Contact owner') }} as owner_name,
        cast(null as varchar) as owner_email,
        'hubspot:' || {{ smallest_part(
            said('property_associatedcompanyid', 'Associated Company IDs'), ';'
        ) }} as company_id,
        {{ said('property_company', 'Company Name', 'Associated Company') }} as company_name,
        cast(null as varchar) as external_id,
        cast(null as varchar) as anonymous_id,
        ---------- opted out of all mail means no; not opted out does not mean yes
        case
            when {{ said_any(
                'property_hs_email_optout', 'Unsubscribed from all email'
            ) }} then false
        end as marketing_consent,
        cast(null as timestamptz) as consent_at,
        {{ said_any('is_deleted', '_fivetran_deleted') }} as is_deleted,
        cast(null as date) as birthday,
        {{ said_instant('property_createdate', 'Create Date') }} as created_at,
        {{ said_instant('property_lastmodifieddate', 'Last Modified Date') }} as updated_at,
        {{ bookkeeping() }}
    from exported
)

select * from contacts
where crm_id is not null
