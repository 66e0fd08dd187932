{#- A null column keeps the previous version's value. An empty column clears the value. -#}
with

exported as (
    select * from {{ source('standard', 'companies') }}
    where _received_at <= {{ known_until() }}
),

filled as (
    select
        trim(company_id) as company_id,
        last_value(name ignore nulls) over versions_so_far as name,
        last_value(domain ignore nulls) over versions_so_far as domain,
        last_value(industry ignore nulls) over versions_so_far as industry,
        last_value(employees ignore nulls) over versions_so_far as employees,
        last_value(country ignore nulls) over versions_so_far as country,
        last_value(annual_revenue ignore nulls) over versions_so_far as annual_revenue,
        last_value(plan ignore nulls) over versions_so_far as plan,
        last_value(plan_limit ignore nulls) over versions_so_far as plan_limit,
        last_value(renewal_on ignore nulls) over versions_so_far as renewal_on,
        last_value(owner_id ignore nulls) over versions_so_far as owner_id,
        last_value(is_deleted ignore nulls) over versions_so_far as is_deleted,
        last_value(created_at ignore nulls) over versions_so_far as created_at,
        last_value(updated_at ignore nulls) over versions_so_far as updated_at,
        _file_id,
        _file_no,
        _line,
        _received_at
    from exported
    window versions_so_far as (
        partition by trim(company_id)
        order by
            _received_at,
            try_cast(updated_at as timestamptz) nulls first,
            _file_no,
            _line
        rows between unbounded preceding and current row
    )
),

companies as (
    select
        'standard' as source,
        company_id,
        nullif(trim(name), '') as name,
        lower(nullif(trim(domain), '')) as domain,
        nullif(trim(industry), '') as industry,
        {{ said_integer('employees') }} as employees,
        nullif(trim(country), '') as country,
        cast({{ said_number('annual_revenue') }} as double) as annual_revenue,
        nullif(trim(plan), '') as plan,
        cast({{ said_number('plan_limit') }} as double) as plan_limit,
        {{ said_date('renewal_on') }} as renewal_on,
        nullif(trim(owner_id), '') as owner_id,
        coalesce({{ said_boolean('is_deleted') }}, false) as is_deleted,
        try_cast(created_at as timestamptz) as created_at,
        try_cast(updated_at as timestamptz) as updated_at,
        _file_id as file_id,
        _file_no as file_no,
        _line as line,
        _received_at as received_at
    from filled
)

select * from companies
