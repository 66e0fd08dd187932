with

exported as (
    select *
    from {{ source('klaviyo', 'event') }}
    where _received_at <= {{ as_of() }}
),

events as (
    select
        {{ said('id') }} as id,
        {{ said('person_id') }} as person_id,
        {{ said('type') }} as metric,
        lower({{ said('type') }}) as metric_key,
        lower({{ said('property_bounce_type') }}) as bounce_type,
        {{ said('property_subject') }} as subject,
        {{ said_instant('datetime', 'timestamp', '_fivetran_synced') }} as occurred_at,
        {{ said_any('_fivetran_deleted') }} as is_deleted,
        {{ bookkeeping() }}
    from exported
),

---------- Klaviyo's own names of its metrics
judged as (
    select
        *,
        case
            when
                metric_key in (
                    'unsubscribed', 'unsubscribed from list', 'unsubscribed from email marketing'
                )
                then 'opt_out'
            when metric_key = 'marked email as spam' then 'complained'
            when metric_key = 'bounced email' and bounce_type = 'hard' then 'bounced'
            when metric_key in ('subscribed to list', 'subscribed to email marketing')
                then 'import_in'
        end as said
    from events
),

consents as (
    select
        'klaviyo' as source,
        'klaviyo:' || id as consent_id,
        'klaviyo:' || person_id as crm_id,
        cast(null as varchar) as email,
        said,
        occurred_at as said_at,
        concat_ws(': ', metric, subject) as detail,
        file_id,
        file_no,
        line,
        received_at
    from judged
    where said is not null and id is not null and not is_deleted
)

select * from consents
