with

exported as (
    select * from {{ source('standard', 'consents') }}
    where _received_at <= {{ known_until() }}
),

exported_contacts as (
    select * from {{ source('standard', 'contacts') }}
    where _received_at <= {{ known_until() }}
),

listed as (
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
        {{ bookkeeping() }}
    from exported
),

---------- false is a state; `unsubscribed` and its like are an act
contacts as (
    select
        trim(contact_id) as record,
        lower(nullif(trim(email), '')) as email,
        {{ said_unsubscribed('marketing_consent') }} as is_unsubscribed,
        try_cast(consent_at as timestamptz) as consent_at,
        {{ bookkeeping() }}
    from exported_contacts
),

flagged as (
    select
        *,
        {{ is_newly_raised('is_unsubscribed', 'record') }} as is_act
    from contacts
),

---------- an opt-out without a date happened before the file was received
unsubscribed as (
    select
        'standard' as source,
        {{ hash_id(['record', "'unsubscribed'"]) }} as consent_id,
        record as crm_id,
        email,
        'opt_out' as said,
        coalesce(consent_at, received_at) as said_at,
        'marketing_consent unsubscribed' as detail,
        file_id,
        file_no,
        line,
        received_at
    from flagged
    where is_act
),

consents as (
    select * from listed
    union all
    select * from unsubscribed
)

select * from consents
