with

unsubscribes as (
    select *
    from {{ source('mailchimp', 'unsubscribe') }}
    where _received_at <= {{ known_until() }}
),

campaign_acts as (
    select *
    from {{ source('mailchimp', 'campaign_recipient_activity') }}
    where _received_at <= {{ known_until() }}
),

automation_acts as (
    select *
    from {{ source('mailchimp', 'automation_recipient_activity') }}
    where _received_at <= {{ known_until() }}
),

exported_members as (
    select *
    from {{ source('mailchimp', 'member') }}
    where _received_at <= {{ known_until() }}
),

unsubscribed as (
    select
        {{ said('list_id') }} as list_id,
        {{ said('member_id') }} as member_id,
        cast(null as varchar) as email,
        'opt_out' as said,
        coalesce({{ said_instant('timestamp') }}, {{ said_instant('_fivetran_synced') }})
            as said_at,
        concat_ws(
            ': ', 'unsubscribed from campaign ' || {{ said('campaign_id') }}, {{ said('reason') }}
        ) as detail,
        {{ bookkeeping() }}
    from unsubscribes
),

campaign_bounces as (
    select
        {{ said('list_id') }} as list_id,
        {{ said('member_id') }} as member_id,
        cast(null as varchar) as email,
        'bounced' as said,
        coalesce({{ said_instant('timestamp') }}, {{ said_instant('_fivetran_synced') }})
            as said_at,
        'hard bounce of campaign ' || {{ said('campaign_id') }} as detail,
        {{ bookkeeping() }}
    from campaign_acts
    where lower({{ said('action') }}) = 'bounce' and lower({{ said('bounce_type') }}) = 'hard'
),

automation_bounces as (
    select
        {{ said('list_id') }} as list_id,
        {{ said('member_id') }} as member_id,
        cast(null as varchar) as email,
        'bounced' as said,
        coalesce({{ said_instant('timestamp') }}, {{ said_instant('_fivetran_synced') }})
            as said_at,
        'hard bounce of automated e-mail ' || {{ said('automation_email_id') }} as detail,
        {{ bookkeeping() }}
    from automation_acts
    where lower({{ said('action') }}) = 'bounce' and lower({{ said('bounce_type') }}) = 'hard'
),

members as (
    select
        {{ said('list_id') }} as list_id,
        {{ said('id') }} as id,
        lower({{ said('email_address', 'Email Address') }}) as email,
        lower({{ said('status') }}) as status,
        {{ said_unsubscribed('status') }} as has_unsubscribed_status,
        {{ said_instant('last_changed') }} as changed_at,
        {{ said_instant('UNSUB_TIME') }} as unsubscribed_at,
        {{ said('UNSUB_TIME') }} as unsubscribe_time,
        concat_ws(
            ': ',
            'unsubscribed from campaign ' || {{ said('UNSUB_CAMPAIGN_TITLE') }},
            {{ said('UNSUB_REASON') }},
            {{ said('UNSUB_REASON_OTHER') }}
        ) as unsubscribe_detail,
        {{ said_instant('CLEAN_TIME') }} as cleaned_at,
        {{ said('CLEAN_TIME') }} is not null as is_cleaned,
        {{ said('CLEAN_CAMPAIGN_TITLE') }} as clean_campaign,
        {{ bookkeeping() }}
    from exported_members
),

members_with_unsubscribe_time as (
    select
        list_id,
        coalesce(id, md5(email)) as member_id,
        email,
        'opt_out' as said,
        unsubscribed_at as said_at,
        unsubscribe_detail as detail,
        file_id,
        file_no,
        line,
        received_at
    from members
    where unsubscribed_at is not null
),

statuses as (
    select
        *,
        coalesce(id, md5(email)) as member_id,
        case
            when has_unsubscribed_status then true
            when unsubscribe_time is not null and unsubscribed_at is null then true
            when status is not null then false
        end as is_unsubscribed
    from members
),

judged_statuses as (
    select
        *,
        {{ is_newly_raised(
            'is_unsubscribed', "coalesce(list_id, '') || ':' || member_id"
        ) }} as is_act
    from statuses
    where member_id is not null
),

---------- members_with_unsubscribe_time has the members with a readable date in their row
members_with_unsubscribed_status as (
    select
        list_id,
        member_id,
        email,
        'opt_out' as said,
        coalesce(changed_at, received_at) as said_at,
        case
            when has_unsubscribed_status then 'status unsubscribed'
            else 'unsubscribed at ' || unsubscribe_time
        end as detail,
        file_id,
        file_no,
        line,
        received_at
    from judged_statuses
    where is_act and unsubscribed_at is null
),

---------- Mailchimp cleans an address after a hard bounce, or after several soft bounces in a row
members_cleaned as (
    select
        list_id,
        coalesce(id, md5(email)) as member_id,
        email,
        'bounced' as said,
        coalesce(cleaned_at, changed_at) as said_at,
        concat_ws(' after campaign ', 'cleaned', clean_campaign) as detail,
        file_id,
        file_no,
        line,
        received_at
    from members
    where status = 'cleaned' or is_cleaned
),

statements as (
    select * from unsubscribed
    union all
    select * from campaign_bounces
    union all
    select * from automation_bounces
    union all
    select * from members_with_unsubscribe_time
    union all
    select * from members_with_unsubscribed_status
    union all
    select * from members_cleaned
),

consents as (
    select
        'mailchimp' as source,
        'mailchimp:' || {{ hash_id(['list_id', 'member_id', 'said', 'said_at']) }} as consent_id,
        'mailchimp:' || {{ mailchimp_member('list_id', 'member_id') }} as crm_id,
        email,
        said,
        said_at,
        nullif(detail, '') as detail,
        file_id,
        file_no,
        line,
        received_at
    from statements
    where member_id is not null
)

select * from consents
