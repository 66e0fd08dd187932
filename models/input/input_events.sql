with

events as (
    select
        event_id,
        contact_key,
        name,
        occurred_at,
        received_at,
        properties,
        amount,
        anonymous_id,
        file_id
    from {{ ref('stg_events') }}
),

submissions as (
    select * from {{ ref('input_form_submissions') }}
),

idn_domains as (
    select * from {{ ref('idn_domains') }}
),

---------- as it was told last, but known since it was told first
ranked_submissions as (
    select
        * exclude (received_at),
        min(received_at) over (partition by submission_id) as received_at,
        row_number() over (
            partition by submission_id order by received_at desc, file_no desc, line desc
        ) as recency
    from submissions
),

from_forms as (
    select
        submissions.submission_id as event_id,
        coalesce(
            submissions.crm_id,
            {{ canonical_email('submissions.email', 'idn_domains.ascii_domain') }}
        ) as contact_key,
        'form_submitted' as name,
        coalesce(submissions.occurred_at, submissions.received_at) as occurred_at,
        submissions.received_at,
        {{ json_object({
            'form_id': 'submissions.form_id',
            'form_name': 'submissions.form_name',
            'page_url': 'submissions.page_url',
        }) }} as properties,
        cast(null as decimal(18, 4)) as amount,
        cast(null as varchar) as anonymous_id,
        submissions.file_id
    from ranked_submissions as submissions
    left join idn_domains on {{ foreign_domain('submissions.email') }} = idn_domains.domain
    where submissions.recency = 1
        and (submissions.crm_id is not null or submissions.email is not null)
)

select * from events
union all
select * from from_forms
