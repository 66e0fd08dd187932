with

exported as (
    select * from {{ source('standard', 'deals') }}
),

known as (
    select
        trim(deal_id) as deal_id,
        nullif(trim(contact_id), '') as crm_id,
        nullif(trim(company_id), '') as company_id,
        nullif(trim(name), '') as name,
        lower(nullif(trim(stage), '')) as stage,
        try_cast(amount as double) as amount,
        nullif(trim(currency), '') as currency,
        try_cast(created_at as timestamptz) as created_at,
        try_cast(closed_at as timestamptz) as closed_at,
        _received_at as received_at,
        row_number() over (
            partition by trim(deal_id)
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
