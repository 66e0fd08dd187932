with

exported as (
    select * from {{ source('standard', 'companies') }}
),

known as (
    select
        trim(company_id) as company_id,
        nullif(trim(name), '') as name,
        lower(nullif(trim(domain), '')) as domain,
        nullif(trim(industry), '') as industry,
        try_cast(employees as integer) as employees,
        nullif(trim(country), '') as country,
        try_cast(annual_revenue as double) as annual_revenue,
        try_cast(created_at as timestamptz) as created_at,
        _received_at as received_at,
        row_number() over (
            partition by trim(company_id)
            order by _received_at desc, _file_no desc, _line desc
        ) as recency
    from exported
    where _received_at <= {{ as_of() }}
),

latest as (
    select * exclude (recency)
    from known
    where recency = 1
)

select * from latest
