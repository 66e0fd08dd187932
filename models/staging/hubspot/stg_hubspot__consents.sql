with

email_events as (
    select *
    from {{ source('hubspot', 'email_event') }}
    where _received_at <= {{ as_of() }}
),

status_changes as (
    select *
    from {{ source('hubspot', 'email_event_status_change') }}
    where _received_at <= {{ as_of() }}
),

spam_reports as (
    select *
    from {{ source('hubspot', 'email_event_spam_report') }}
    where _received_at <= {{ as_of() }}
),

bounces as (
    select *
    from {{ source('hubspot', 'email_event_bounce') }}
    where _received_at <= {{ as_of() }}
),

drops as (
    select *
    from {{ source('hubspot', 'email_event_dropped') }}
    where _received_at <= {{ as_of() }}
),

exported_contacts as (
    select *
    from {{ source('hubspot', 'contact') }}
    where _received_at <= {{ as_of() }}
),

---------- only an event's own row says whose it was and when
recipients as (
    select
        {{ said('id') }} as event_id,
        {{ latest('lower(' ~ said('recipient') ~ ')', ['_received_at', '_file_no', '_line']) }}
            as email,
        {{ latest(said_instant('created'), ['_received_at', '_file_no', '_line']) }} as occurred_at
    from email_events
    group by 1
),

changed as (
    select
        {{ said('id') }} as event_id,
        upper({{ said('portal_subscription_status') }}) as status,
        ---------- single subscriptions, as JSON: to leave one of them is taken as to leave
        upper({{ said('subscriptions') }}) as single_subscriptions,
        {{ said_boolean('bounced') }} as is_blocked,
        {{ said('source') }} as changed_by,
        {{ said_instant('_fivetran_synced') }} as synced_at,
        {{ bookkeeping() }}
    from status_changes
),

judged_changes as (
    select
        event_id,
        case
            when is_blocked then 'bounced'
            when status = 'UNSUBSCRIBED' or single_subscriptions like '%UNSUBSCRIBED%'
                then 'opt_out'
            when status = 'SUBSCRIBED' or single_subscriptions like '%SUBSCRIBED%' then 'import_in'
        end as said,
        concat_ws(' ', 'subscription status changed by', changed_by) as detail,
        synced_at,
        file_id,
        file_no,
        line,
        received_at
    from changed
),

reported as (
    select
        {{ said('id') }} as event_id,
        'complained' as said,
        'spam report' as detail,
        {{ said_instant('_fivetran_synced') }} as synced_at,
        {{ bookkeeping() }}
    from spam_reports
),

---------- HubSpot's other categories speak of the moment, the mail or its sender
bounced as (
    select
        {{ said('id') }} as event_id,
        'bounced' as said,
        concat_ws(' ', {{ said('category') }}, {{ said('status') }}, {{ said('response') }})
            as detail,
        {{ said_instant('_fivetran_synced') }} as synced_at,
        {{ bookkeeping() }}
    from bounces
    where upper({{ said('category') }}) = 'UNKNOWN_USER'
),

---------- mail that HubSpot held back tells what it knew of the recipient
dropped as (
    select
        {{ said('id') }} as event_id,
        case
            when upper({{ said('drop_reason') }}) like 'PREVIOUSLY_UNSUBSCRIBED%' then 'import_out'
            when upper({{ said('drop_reason') }}) = 'PREVIOUSLY_BOUNCED' then 'bounced'
            when upper({{ said('drop_reason') }}) = 'PREVIOUS_SPAM' then 'complained'
        end as said,
        'not sent by HubSpot: ' || {{ said('drop_reason') }} as detail,
        {{ said_instant('_fivetran_synced') }} as synced_at,
        {{ bookkeeping() }}
    from drops
),

told_by_mail as (
    select * from judged_changes
    union all
    select * from reported
    union all
    select * from bounced
    union all
    select * from dropped
),

told_by_contacts as (
    select
        {{ said('id', 'Record ID') }} as contact_id,
        lower({{ said('property_email', 'Email') }}) as email,
        {{ said('property_hs_email_hard_bounce_reason_enum', 'Email hard bounce reason') }}
            as reason,
        case
            when {{ said_any(
                'property_hs_email_optout', 'Unsubscribed from all email'
            ) }} then true
            else {{ said_boolean('property_hs_email_optout', 'Unsubscribed from all email') }}
        end as is_opted_out,
        coalesce(
            {{ said_instant('property_lastmodifieddate', 'Last Modified Date') }},
            {{ said_instant('_fivetran_synced') }}
        ) as said_at,
        {{ bookkeeping() }}
    from exported_contacts
),

contacts_opted_out as (
    select
        *,
        coalesce(contact_id, email) as record,
        {{ is_raised_anew('is_opted_out', 'coalesce(contact_id, email)') }} as is_act
    from told_by_contacts
    where coalesce(contact_id, email) is not null
),

consents as (
    select
        'hubspot' as source,
        'hubspot:' || told_by_mail.event_id as consent_id,
        cast(null as varchar) as crm_id,
        recipients.email,
        told_by_mail.said,
        ---------- Fivetran fetched it after it happened: the best upper bound without the event
        coalesce(recipients.occurred_at, told_by_mail.synced_at) as said_at,
        told_by_mail.detail,
        told_by_mail.file_id,
        told_by_mail.file_no,
        told_by_mail.line,
        told_by_mail.received_at
    from told_by_mail
    left join recipients on told_by_mail.event_id = recipients.event_id
    where told_by_mail.said is not null and told_by_mail.event_id is not null

    union all

    select
        'hubspot' as source,
        'hubspot:' || {{ hash_id(['contact_id', 'email', "'hard bounce'"]) }} as consent_id,
        'hubspot:' || contact_id as crm_id,
        email,
        'bounced' as said,
        said_at,
        'hard bounce: ' || reason as detail,
        file_id,
        file_no,
        line,
        received_at
    from told_by_contacts
    where
        replace(upper(reason), ' ', '_') = 'UNKNOWN_USER'
        and coalesce(contact_id, email) is not null

    union all

    ---------- the export does not say since when: it was before it came
    select
        'hubspot' as source,
        'hubspot:' || {{ hash_id(['record', "'opted out'"]) }} as consent_id,
        'hubspot:' || record as crm_id,
        email,
        'opt_out' as said,
        received_at as said_at,
        'hs_email_optout' as detail,
        file_id,
        file_no,
        line,
        received_at
    from contacts_opted_out
    where is_act
)

select * from consents
