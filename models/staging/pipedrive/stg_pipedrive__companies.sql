with

exported as (
    select *
    from {{ source('pipedrive', 'organization') }}
    where _received_at <= {{ known_until() }}
),

companies as (
    select
        'pipedrive' as source,
        'pipedrive:' || {{ said('id', 'Organization - ID') }} as company_id,
        {{ said('name', 'Organization - Name') }} as name,
        {{ domain_of(said('website', 'Organization - Website')) }} as domain,
        {{ said('industry', 'Organization - Industry') }} as industry,
        {{ said_integer('employee_count', 'Organization - Number of employees') }} as employees,
        {{ said('address_country', 'Organization - Country of Address') }} as country,
        cast({{ said_number('annual_revenue', 'Organization - Annual revenue') }} as double)
            as annual_revenue,
        cast(null as varchar) as plan,
        cast(null as double) as plan_limit,
        cast(null as date) as renewal_on,
        'pipedrive:' || {{ said('owner_id') }} as owner_id,
        {{ said_any('is_deleted', '_fivetran_deleted') }}
        or not coalesce({{ said_boolean('active_flag') }}, true) as is_deleted,
        {{ said_instant('add_time', 'Organization - Organization created') }} as created_at,
        {{ said_instant('update_time', 'Organization - Update time') }} as updated_at,
        {{ bookkeeping() }}
    from exported
)

select * from companies
where company_id is not null
