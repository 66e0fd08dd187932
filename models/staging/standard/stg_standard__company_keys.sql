with

exported as (
    select * from {{ source('standard', 'company_keys') }}
    where _received_at <= {{ known_until() }}
),

company_keys as (
    select
        'standard' as source,
        trim(company_key) as company_key,
        nullif(trim(company_id), '') as company_id,
        _file_id as file_id,
        _file_no as file_no,
        _line as line,
        _received_at as received_at
    from exported
)

select * from company_keys
