with

exported as (
    select * from {{ source('standard', 'consents') }}
    where _received_at <= {{ as_of() }}
),

consents as (
    select
        'standard' as source,
        {{ hash_id([
            'trim(contact_id)', 'lower(trim(email))', suppression_reason('said'), 'trim(said_at)',
            'trim(detail)',
        ]) }} as consent_id,
        nullif(trim(contact_id), '') as crm_id,
        lower(nullif(trim(email), '')) as email,
        {{ suppression_reason('said') }} as said,
        try_cast(said_at as timestamptz) as said_at,
        nullif(trim(detail), '') as detail,
        _file_id as file_id,
        _file_no as file_no,
        _line as line,
        _received_at as received_at
    from exported
)

select * from consents
