{#- A null column keeps the previous version's value. An empty column clears the value. -#}
with

exported as (
    select * from {{ source('standard', 'form_submissions') }}
    where _received_at <= {{ known_until() }}
),

filled as (
    select
        trim(submission_id) as submission_id,
        last_value(contact_id ignore nulls) over versions_so_far as contact_id,
        last_value(email ignore nulls) over versions_so_far as email,
        last_value(form_id ignore nulls) over versions_so_far as form_id,
        last_value(form_name ignore nulls) over versions_so_far as form_name,
        last_value(page_url ignore nulls) over versions_so_far as page_url,
        last_value(occurred_at ignore nulls) over versions_so_far as occurred_at,
        _file_id,
        _file_no,
        _line,
        _received_at
    from exported
    window versions_so_far as (
        partition by trim(submission_id)
        order by
            _received_at,
            _file_no,
            _line
        rows between unbounded preceding and current row
    )
),

form_submissions as (
    select
        'standard' as source,
        submission_id,
        nullif(trim(contact_id), '') as crm_id,
        lower(nullif(trim(email), '')) as email,
        nullif(trim(form_id), '') as form_id,
        nullif(trim(form_name), '') as form_name,
        nullif(trim(page_url), '') as page_url,
        try_cast(occurred_at as timestamptz) as occurred_at,
        _file_id as file_id,
        _file_no as file_no,
        _line as line,
        _received_at as received_at
    from filled
)

select * from form_submissions
