with

exported as (
    select *
    from {{ source('hubspot', 'company') }}
    where _received_at <= {{ known_until() }}
),

companies as (
    select
        'hubspot' as source,
        'hubspot:' || {{ said('id', 'Record ID') }} as company_id,
        {{ said('property_name', 'Company name') }} as name,
        {{ domain_of(said('property_domain', 'Company Domain Name')) }} as domain,
        {{ said('property_industry', 'Industry') }} as industry,
        {{ said_integer('property_numberofemployees', 'Number of Employees') }} as employees,
        {{ said('property_country', 'Country/Region') }} as country,
        cast({{ said_number('property_annualrevenue', 'Annual Revenue') }} as double)
            as annual_revenue,
        cast(null as varchar) as plan,
        cast(null as double) as plan_limit,
        cast(null as date) as renewal_on,
        'hubspot:' || {{ said('property_hubspot_owner_id') }} as owner_id,
        {{ said_any('is_deleted', '_fivetran_deleted') }} as is_deleted,
        {{ said_instant('property_createdate', 'Create Date') }} as created_at,
        {{ said_instant('property_hs_lastmodifieddate', 'Last Modified Date') }} as updated_at,
        {{ bookkeeping() }}
    from exported
)

select * from companies
where company_id is not null
