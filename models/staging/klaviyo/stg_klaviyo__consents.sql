with

exported as (
    select *
    from {{ source('klaviyo', 'event') }}
    where _received_at <= {{ as_of() }}
),

exported_profiles as (
    select *
    from {{ source('klaviyo', 'person') }}
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

profiles as (
    select
        coalesce({{ said('id', 'Klaviyo ID') }}, lower({{ said('email') }})) as record,
        lower({{ said('email') }}) as email,
        ---------- never_subscribed is a state, and so is an unchecked box in a shop
        lower({{ said('Email Marketing Consent') }}) = 'unsubscribed' as is_unsubscribed,
        {{ said_instant('Email Marketing Consent Timestamp') }} as unsubscribed_at,
        {{ bookkeeping() }}
    from exported_profiles
),

judged_profiles as (
    select
        *,
        {{ is_newly_raised('is_unsubscribed', 'record') }} as is_act
    from profiles
    where record is not null
),

---------- the names of Klaviyo's own metrics
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

    union all

    select
        'klaviyo' as source,
        'klaviyo:' || {{ hash_id(['record', "'unsubscribed'"]) }} as consent_id,
        'klaviyo:' || record as crm_id,
        email,
        'opt_out' as said,
        coalesce(unsubscribed_at, received_at) as said_at,
        'Email Marketing Consent' as detail,
        file_id,
        file_no,
        line,
        received_at
    from judged_profiles
    where is_act
)

select * from consents
