with

email_events as (
    select *
    from {{ source('hubspot', 'email_event') }}
    where _received_at <= {{ known_until() }}
),

status_changes as (
    select *
    from {{ source('hubspot', 'email_event_status_change') }}
    where _received_at <= {{ known_until() }}
),

spam_reports as (
    select *
    from {{ source('hubspot', 'email_event_spam_report') }}
    where _received_at <= {{ known_until() }}
),

bounces as (
    select *
    from {{ source('hubspot', 'email_event_bounce') }}
    where _received_at <= {{ known_until() }}
),

drops as (
    select *
    from {{ source('hubspot', 'email_event_dropped') }}
    where _received_at <= {{ known_until() }}
),

exported_contacts as (
    select *
    from {{ source('hubspot', 'contact') }}
    where _received_at <= {{ known_until() }}
),

---------- only the event's own row has the recipient and the time
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
        ---------- single subscriptions, as JSON: unsubscribing from one counts as unsubscribing
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

spam_complaints as (
    select
        {{ said('id') }} as event_id,
        'complained' as said,
        'spam report' as detail,
        {{ said_instant('_fivetran_synced') }} as synced_at,
        {{ bookkeeping() }}
    from spam_reports
),

---------- HubSpot's other categories are temporary, or about the mail or its sender; so may be the
---------- server's own words
hard_bounces as (
    select
        {{ said('id') }} as event_id,
        'bounced' as said,
        concat_ws(' ', {{ said('category') }}, {{ said('status') }}, {{ said('response') }})
            as detail,
        {{ said_instant('_fivetran_synced') }} as synced_at,
        {{ bookkeeping() }}
    from bounces
    where
        upper({{ said('category') }}) = 'UNKNOWN_USER'
        and coalesce({{ bounce_fault(said('response')) }}, 'recipient') = 'recipient'
),

---------- the reason for dropped mail shows the recipient's state in HubSpot
dropped_mail as (
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

statements_of_events as (
    select * from judged_changes
    union all
    select * from spam_complaints
    union all
    select * from hard_bounces
    union all
    select * from dropped_mail
),

listed_contacts as (
    select *, {{ texts_of_columns(hubspot_single_opt_outs()) }} as single_opt_outs
    from exported_contacts
),

---------- opting out of one kind of mail counts as opting out
contact_versions as (
    select
        {{ said('id', 'Record ID') }} as contact_id,
        lower({{ said('property_email', 'Email') }}) as email,
        {{ said('property_hs_email_hard_bounce_reason_enum', 'Email hard bounce reason') }}
            as reason,
        greatest(
            {{ said_refusal('property_hs_email_optout', 'Unsubscribed from all email') }},
            {{ any_refusal('single_opt_outs') }}
        ) as is_opted_out,
        coalesce(
            {{ said_instant('property_lastmodifieddate', 'Last Modified Date') }},
            {{ said_instant('_fivetran_synced') }}
        ) as said_at,
        {{ bookkeeping() }}
    from listed_contacts
),

contacts_opted_out as (
    select
        *,
        coalesce(contact_id, email) as record,
        {{ is_newly_raised('is_opted_out', 'coalesce(contact_id, email)') }} as is_act
    from contact_versions
    where coalesce(contact_id, email) is not null
),

consents as (
    select
        'hubspot' as source,
        'hubspot:' || statements_of_events.event_id as consent_id,
        cast(null as varchar) as crm_id,
        recipients.email,
        statements_of_events.said,
        ---------- without the event, the time of Fivetran's sync is the best upper bound
        coalesce(recipients.occurred_at, statements_of_events.synced_at) as said_at,
        statements_of_events.detail,
        statements_of_events.file_id,
        statements_of_events.file_no,
        statements_of_events.line,
        statements_of_events.received_at
    from statements_of_events
    left join recipients on statements_of_events.event_id = recipients.event_id
    where statements_of_events.said is not null and statements_of_events.event_id is not null

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
    from contact_versions
    where
        replace(upper(reason), ' ', '_') = 'UNKNOWN_USER'
        and coalesce(contact_id, email) is not null

    union all

    ---------- the export has no date of the opt-out, which happened before the file was received
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
