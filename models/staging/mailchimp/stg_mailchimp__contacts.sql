with

exported as (
    select *
    from {{ source('mailchimp', 'member') }}
    where _received_at <= {{ known_until() }}
),

members as (
    select
        {{ said('list_id') }} as list_id,
        {{ said('id') }} as id,
        lower({{ said('email_address', 'Email Address') }}) as email_given,
        {{ said_other_emails(source('mailchimp', 'member'), ['other_emails']) }} as other_emails,
        {{ said('merge_fname', 'First Name') }} as first_name,
        {{ said('merge_lname', 'Last Name') }} as last_name,
        {{ said('merge_phone', 'Phone Number') }} as phone,
        {{ said('country_code', 'CC') }} as country,
        {{ said_zone('timezone') }} as timezone,
        {{ said('language') }} as language,
        lower({{ said('status') }}) as status,
        {{ said_consent('status') }} as consent_by_status,
        {{ said_instant('timestamp_opt', 'CONFIRM_TIME') }} as confirmed_at,
        {{ said_unsubscribed('status') }} or {{ said('UNSUB_TIME') }} is not null as is_unsubscribed,
        {{ said_instant('UNSUB_TIME') }} as unsubscribed_at,
        {{ said('CLEAN_TIME') }} is not null as is_cleaned,
        {{ said_any('is_deleted', '_fivetran_deleted') }} as is_deleted,
        {{ said_birthday('Birthday') }} as birthday,
        {{ said_instant('timestamp_signup', 'OPTIN_TIME', 'timestamp_opt') }} as created_at,
        {{ said_instant('last_changed') }} as updated_at,
        {{ bookkeeping() }}
    from exported
),

---------- files of the web pages have no status: the member's times show it, also times that cannot be
---------- read
judged as (
    select
        *,
        case
            when status is not null then consent_by_status
            when is_unsubscribed then false
            when is_cleaned then null
            when confirmed_at is not null then true
        end as marketing_consent
    from members
),

contacts as (
    select
        'mailchimp' as source,
        'mailchimp:' || {{ mailchimp_member('list_id', 'id', 'email_given') }} as crm_id,
        email_given,
        other_emails,
        first_name,
        last_name,
        cast(null as varchar) as job_title,
        phone,
        country,
        timezone,
        language,
        cast(null as varchar) as lifecycle_stage,
        cast(null as varchar) as owner_id,
        cast(null as varchar) as owner_name,
        cast(null as varchar) as owner_email,
        cast(null as varchar) as company_id,
        cast(null as varchar) as company_name,
        cast(null as varchar) as external_id,
        cast(null as varchar) as anonymous_id,
        marketing_consent,
        case
            when marketing_consent then confirmed_at
            ---------- never to have subscribed is a state, whenever the row was changed
            when is_unsubscribed
                then coalesce(unsubscribed_at, updated_at)
        end as consent_at,
        is_deleted or coalesce(status = 'archived', false) as is_deleted,
        birthday,
        created_at,
        updated_at,
        file_id,
        file_no,
        line,
        received_at
    from judged
)

select * from contacts
where crm_id is not null
