with

exported_accounts as (
    select *
    from {{ source('salesforce', 'account') }}
    where _received_at <= {{ known_until() }}
),

records as (
    select
        {{ said('id', 'Account ID') }} as id,
        {{ said('name', 'Account Name') }} as name,
        {{ domain_of(said('website')) }} as domain,
        {{ said('industry') }} as industry,
        {{ said_integer('number_of_employees', 'NumberOfEmployees', 'Employees') }} as employees,
        {{ said('billing_country', 'BillingCountry', 'Billing Country') }} as country,
        cast({{ said_number('annual_revenue', 'AnnualRevenue', 'Annual Revenue') }} as double)
            as annual_revenue,
        cast(null as varchar) as plan,
        cast(null as double) as plan_limit,
        cast(null as date) as renewal_on,
        {{ said('owner_id', 'OwnerId') }} as owner_id,
        {{ said_any('is_deleted', 'IsDeleted', '_fivetran_deleted') }} as is_deleted,
        {{ said_instant('created_date', 'CreatedDate', 'Created Date') }} as created_at,
        {{ said_instant(
            'last_modified_date', 'LastModifiedDate', 'Last Modified Date', 'system_modstamp',
            'SystemModstamp'
        ) }} as updated_at,
        {{ bookkeeping() }}
    from exported_accounts
),

companies as (
    select
        'salesforce' as source,
        'salesforce:' || {{ salesforce_id('id') }} as company_id,
        * exclude (id) replace ('salesforce:' || {{ salesforce_id('owner_id') }} as owner_id)
    from records
    where id is not null
)

select * from companies
