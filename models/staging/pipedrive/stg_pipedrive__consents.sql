with

exported_persons as (
    select *
    from {{ source('pipedrive', 'person') }}
    where _received_at <= {{ known_until() }}
),

exported_deals as (
    select *
    from {{ source('pipedrive', 'deal') }}
    where _received_at <= {{ known_until() }}
),

persons as (
    select
        {{ said('id', 'Person - ID') }} as id,
        lower({{ first_listed(
            said('email', 'Person - Email - Work', 'Person - Email - Home', 'Person - Email - Other'),
            'value'
        ) }}) as email,
        {{ said_unsubscribed(
            'marketing_status', 'Person - Marketing status', 'Person - Marketing consent'
        ) }} as is_unsubscribed,
        {{ bookkeeping() }}
    from exported_persons
),

persons_of_deals as (
    select
        {{ said('Person - ID') }} as id,
        lower({{ said(
            'Person - Email - Work', 'Person - Email - Home', 'Person - Email - Other'
        ) }})
            as email,
        {{ said_unsubscribed('Person - Marketing consent') }} as is_unsubscribed,
        {{ bookkeeping() }}
    from exported_deals
),

versions as (
    select * from persons
    union all
    select * from persons_of_deals
),

---------- "no consent" is a state; unsubscribing is an act
flagged as (
    select
        *,
        coalesce(id, email) as record
    from versions
),

judged as (
    select
        *,
        {{ is_newly_raised('is_unsubscribed', 'record') }} as is_act
    from flagged
    where record is not null
),

---------- the export has no date of the opt-out, which happened before the file was received
consents as (
    select
        'pipedrive' as source,
        'pipedrive:' || {{ hash_id(['record', "'unsubscribed'"]) }} as consent_id,
        'pipedrive:' || record as crm_id,
        email,
        'opt_out' as said,
        received_at as said_at,
        'marketing_status unsubscribed' as detail,
        file_id,
        file_no,
        line,
        received_at
    from judged
    where is_act
)

select * from consents
