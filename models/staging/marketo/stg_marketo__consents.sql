with

unsubscribe_activities as (
    select *
    from {{ source('marketo', 'activity_unsubscribe_email') }}
    where _received_at <= {{ known_until() }}
),

bounce_activities as (
    select *
    from {{ source('marketo', 'activity_email_bounced') }}
    where _received_at <= {{ known_until() }}
),

exported_leads as (
    select *
    from {{ source('marketo', 'lead') }}
    where _received_at <= {{ known_until() }}
),

unsubscribed as (
    select
        {{ said('id') }} as id,
        {{ said('lead_id') }} as lead_id,
        cast(null as varchar) as email,
        'opt_out' as said,
        {{ said_instant('activity_date') }} as said_at,
        'unsubscribed from ' || {{ said('primary_attribute_value') }} as detail,
        {{ bookkeeping() }}
    from unsubscribe_activities
),

---------- category 2 is an address that does not exist; category 1 is mail taken for spam
bounced as (
    select
        {{ said('id') }} as id,
        {{ said('lead_id') }} as lead_id,
        lower({{ said('email') }}) as email,
        'bounced' as said,
        {{ said_instant('activity_date') }} as said_at,
        {{ said('details') }} as detail,
        {{ bookkeeping() }}
    from bounce_activities
    where {{ said('category') }} = '2'
),

invalid as (
    select
        {{ hash_id(
            [said('id', 'Lead ID'), 'lower(' ~ said('email', 'Email Address') ~ ')', "'invalid'"]
        ) }} as id,
        {{ said('id', 'Lead ID') }} as lead_id,
        lower({{ said('email', 'Email Address') }}) as email,
        'bounced' as said,
        {{ said_instant('updated_at', 'updatedAt', 'Updated At') }} as said_at,
        coalesce(
            {{ said(
                'email_invalid_cause', 'emailInvalidCause', 'Email Invalid Cause'
            ) }}, 'email invalid'
        ) as detail,
        {{ bookkeeping() }}
    from exported_leads
    where {{ said_any('email_invalid', 'emailInvalid', 'Email Invalid') }}
),

leads as (
    select
        coalesce(
            {{ said('id', 'Lead ID') }}, lower({{ said('email', 'Email Address') }})
        ) as record,
        lower({{ said('email', 'Email Address') }}) as email,
        {{ said_refusal('unsubscribed', 'black_listed', 'marketing_suspended') }} as is_unsubscribed,
        {{ bookkeeping() }}
    from exported_leads
),

flagged as (
    select
        *,
        {{ is_newly_raised('is_unsubscribed', 'record') }} as is_act
    from leads
    where record is not null
),

---------- the export has no date of the opt-out, which happened before the file was received
raised as (
    select
        {{ hash_id(['record', "'unsubscribed'"]) }} as id,
        record as lead_id,
        email,
        'opt_out' as said,
        received_at as said_at,
        'unsubscribed' as detail,
        file_id,
        file_no,
        line,
        received_at
    from flagged
    where is_act
),

statements as (
    select * from unsubscribed
    union all
    select * from bounced
    union all
    select * from invalid
    union all
    select * from raised
),

consents as (
    select
        'marketo' as source,
        'marketo:' || id as consent_id,
        'marketo:' || lead_id as crm_id,
        email,
        said,
        said_at,
        detail,
        file_id,
        file_no,
        line,
        received_at
    from statements
    where id is not null
)

select * from consents
