with

exported as (
    select *
    from {{ source('hubspot', 'contact') }}
    where _received_at <= {{ known_until() }}
),

listed as (
    select *, {{ texts_of_columns(hubspot_single_opt_outs()) }} as single_opt_outs
    from exported
),

---------- opting out of one kind of mail counts as opting out
judged as (
    select
        *,
        greatest(
            {{ said_refusal('property_hs_email_optout', 'Unsubscribed from all email') }},
            {{ any_refusal('single_opt_outs') }}
        ) as is_opted_out
    from listed
),

contacts as (
    select
        'hubspot' as source,
        'hubspot:' || coalesce(
            {{ said('id', 'Record ID') }}, lower({{ said('property_email', 'Email') }})
        ) as crm_id,
        lower({{ said('property_email', 'Email') }}) as email_given,
        {{ said_other_emails(source('hubspot', 'contact'), [
            'property_hs_additional_emails', 'Additional email addresses'
        ]) }} as other_emails,
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
        case when is_opted_out then false end as marketing_consent,
        cast(null as timestamptz) as consent_at,
        {{ said_any('is_deleted', '_fivetran_deleted') }} as is_deleted,
        {{ said_birthday('property_date_of_birth') }} as birthday,
        {{ said_instant('property_createdate', 'Create Date') }} as created_at,
        {{ said_instant('property_lastmodifieddate', 'Last Modified Date') }} as updated_at,
        {{ bookkeeping() }}
    from judged
)

select * from contacts
where crm_id is not null
