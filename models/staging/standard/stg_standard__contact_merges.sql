with

exported as (
    select * from {{ source('standard', 'contact_merges') }}
    where _received_at <= {{ known_until() }}
),

contact_merges as (
    select
        'standard' as source,
        trim(contact_id) as crm_id,
        nullif(trim(merged_into), '') as merged_into,
        try_cast(merged_at as timestamptz) as merged_at,
        _file_id as file_id,
        _file_no as file_no,
        _line as line,
        _received_at as received_at
    from exported
)

select * from contact_merges
