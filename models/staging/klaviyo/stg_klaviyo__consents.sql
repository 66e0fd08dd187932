with

exported as (
    select *
    from {{ source('klaviyo', 'event') }}
    where _received_at <= {{ known_until() }}
),

exported_profiles as (
    select *
    from {{ source('klaviyo', 'person') }}
    where _received_at <= {{ known_until() }}
),

exported_suppressions as (
    select *
    from {{ source('klaviyo', 'suppressed') }}
    where _received_at <= {{ known_until() }}
),

events as (
    select
        {{ said('id') }} as id,
        {{ said('person_id') }} as person_id,
        {{ said('type') }} as metric,
        lower({{ said('type') }}) as metric_key,
        {{ bounce_kind(said('property_bounce_type')) }} as bounce_type,
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
        {{ said_unsubscribed('Email Marketing Consent') }} as has_unsubscribed_status,
        {{ said_listed('Email Suppressions') }} as suppressions,
        {{ said_instant('Email Marketing Consent Timestamp') }} as unsubscribed_at,
        {{ said_instant('Email Suppressions Timestamp') }} as suppressed_at,
        {{ bookkeeping() }}
    from exported_profiles
),

listed as (
    select
        coalesce({{ said('Klaviyo ID') }}, lower({{ said('Email') }})) as record,
        lower({{ said('Email') }}) as email,
        coalesce({{ said('Email Suppressions') }}, 'suppressed') as suppressions,
        {{ said_instant('Email Suppressions Timestamp') }} as suppressed_at,
        {{ bookkeeping() }}
    from exported_suppressions
),

---------- several reasons in one text: USER_SUPPRESSED, SPAM_COMPLAINT
reasons as (
    select
        record,
        email,
        trim({{ each_part("translate(suppressions, ';|[]''\"', ',,    ')", ',') }}) as reason,
        suppressed_at,
        file_id,
        file_no,
        line,
        received_at
    from (
        select * from listed
        union all
        select * exclude (has_unsubscribed_status, unsubscribed_at) from profiles
    )
),

---------- a reason in unknown words is a refusal of marketing mail
judged_reasons as (
    select
        *,
        coalesce({{ suppression_reason('reason') }}, 'opt_out') as said
    from reasons
    where reason <> '' and record is not null
),

opted_out_by_suppression as (
    select distinct file_id, line
    from judged_reasons
    where said = 'opt_out'
),

---------- never_subscribed is a state, and so is an unchecked box in a shop
flagged_profiles as (
    select
        profiles.*,
        case
            when profiles.has_unsubscribed_status or suppressed.line is not null then true
            else profiles.has_unsubscribed_status
        end as is_unsubscribed
    from profiles
    left join opted_out_by_suppression as suppressed
        on profiles.file_id = suppressed.file_id and profiles.line = suppressed.line
),

judged_profiles as (
    select
        *,
        {{ is_newly_raised('is_unsubscribed', 'record') }} as is_act
    from flagged_profiles
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
        coalesce(
            case when has_unsubscribed_status then unsubscribed_at end, suppressed_at, received_at
        ) as said_at,
        case when has_unsubscribed_status then 'Email Marketing Consent' else suppressions end
            as detail,
        file_id,
        file_no,
        line,
        received_at
    from judged_profiles
    where is_act

    union all

    ---------- opt-outs of profiles are above: there, a reason that stays is one statement
    select
        'klaviyo' as source,
        'klaviyo:' || {{ hash_id(['judged_reasons.record', 'judged_reasons.said', "'suppressed'"]) }}
            as consent_id,
        'klaviyo:' || judged_reasons.record as crm_id,
        judged_reasons.email,
        judged_reasons.said,
        coalesce(judged_reasons.suppressed_at, judged_reasons.received_at) as said_at,
        judged_reasons.reason as detail,
        judged_reasons.file_id,
        judged_reasons.file_no,
        judged_reasons.line,
        judged_reasons.received_at
    from judged_reasons
    left join listed
        on judged_reasons.file_id = listed.file_id and judged_reasons.line = listed.line
    where judged_reasons.said <> 'opt_out' or listed.line is not null
)

select * from consents
