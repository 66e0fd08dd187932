with

exported as (
    select *
    from {{ source('hubspot', 'contact_form_submission') }}
    where _received_at <= {{ known_until() }}
),

forms as (
    select *
    from {{ source('hubspot', 'form') }}
    where _received_at <= {{ known_until() }}
),

form_names as (
    select
        {{ said('guid') }} as form_id,
        {{ latest(said('name'), ['_received_at', '_file_no', '_line']) }} as name
    from forms
    group by 1
),

submissions as (
    select
        {{ said('conversion_id') }} as conversion_id,
        {{ said('contact_id') }} as contact_id,
        {{ said('form_id') }} as form_id,
        {{ said('title') }} as page_title,
        {{ said('page_url') }} as page_url,
        coalesce({{ said_instant('timestamp') }}, {{ said_instant('_fivetran_synced') }})
            as occurred_at,
        {{ bookkeeping() }}
    from exported
),

named as (
    select
        'hubspot' as source,
        'hubspot:' || coalesce(
            submissions.conversion_id,
            {{ hash_id(
                ['submissions.contact_id', 'submissions.form_id', 'submissions.occurred_at']
            ) }}
        ) as submission_id,
        'hubspot:' || submissions.contact_id as crm_id,
        cast(null as varchar) as email,
        submissions.form_id,
        coalesce(form_names.name, submissions.page_title) as form_name,
        submissions.page_url,
        submissions.occurred_at,
        submissions.file_id,
        submissions.file_no,
        submissions.line,
        submissions.received_at
    from submissions
    left join form_names on submissions.form_id = form_names.form_id
    where coalesce(submissions.conversion_id, submissions.contact_id) is not null
)

select * from named
