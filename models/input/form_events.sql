with

submissions as (
    select * from {{ ref('input_form_submissions') }}
),

---------- the latest version of a submission, with the received_at of its first version
ranked as (
    select
        * exclude (received_at),
        min(received_at) over (partition by submission_id) as received_at,
        row_number() over (
            partition by submission_id order by received_at desc, file_no desc, line desc
        ) as recency
    from submissions
)

select
    submission_id as event_id,
    coalesce(crm_id, email) as written_key,
    'form_submitted' as name,
    coalesce(occurred_at, received_at) as occurred_at,
    received_at,
    {{ json_object({'form_id': 'form_id', 'form_name': 'form_name', 'page_url': 'page_url'}) }}
        as properties,
    cast(null as decimal(18, 4)) as amount,
    cast(null as varchar) as currency,
    cast(null as varchar) as anonymous_id,
    file_id,
    file_no,
    line as position
from ranked
where recency = 1
    and (crm_id is not null or email is not null)
